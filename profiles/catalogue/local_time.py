"""The site's wall clock, for schedules that start at a local time of day."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo

_WEEK_DAYS = 7


def latest_occurrence(
    time_of_day: time, weekday: int | None, until: datetime, zone: tzinfo
) -> datetime:
    """Return the last instant up to `until` when clocks in `zone` show `time_of_day`, in UTC.

    `weekday` counts from Monday as 0; None takes any day. A time skipped in spring counts as if
    clocks had not changed, one that comes twice in autumn as its first.
    """
    today = until.astimezone(zone).date()
    # One day ahead covers zones whose offset jumps over midnight.
    for back in range(-1, _WEEK_DAYS + 1):
        day = today - timedelta(days=back)
        local = datetime.combine(day, time_of_day.replace(tzinfo=None), zone)
        instant = local.astimezone(UTC)
        if instant <= until and weekday in (None, day.weekday()):
            return instant
    message = f"weekday {weekday} is not between 0 and 6"
    raise ValueError(message)
