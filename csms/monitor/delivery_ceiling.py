"""What a car takes when it may: learnt from what it sustains, lowered by a gradual decline. PURE.

A car takes less for reasons of its own all the time. What falls gradually is the car (a full
battery, heat), and its ceiling follows it down; what falls at once, or never follows a limit that
was raised, is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from csms.monitor.delivery_flow import Flow
    from csms.monitor.delivery_memory import DeliveryMemory
    from csms.monitor.scene import Circumstances
    from csms.monitor.thresholds import Thresholds

FULL_SHARE = 0.93
_RISE_SHARE = 1.1
_RUN_SAMPLES = 3
_MARK_S = 50.0
_MARK_FALLS = 0.95
_LEAST_DROP_A = 2.0
_GRADUAL_S = 120.0
_FEW_BETWEEN = 2
_SPARSE_S = 120.0
_TAIL_KEPT = 4
_TAIL_FALLS = 0.97


def best_known(memory: DeliveryMemory, known: Circumstances, flow: Flow) -> float | None:
    """Returns the ceiling in the flow's unit; what is known from before counts until a decline."""
    ceiling = memory.ceiling
    if memory.is_taper or known.ceiling_a is None:
        return ceiling
    if flow.unit == "A":
        before = known.ceiling_a
    elif known.is_dc or known.phases is None:
        return ceiling
    else:
        before = known.ceiling_a * flow.ampere
    return before if ceiling is None else max(ceiling, before)


def settle_limit(memory: DeliveryMemory, flow: Flow, thresholds: Thresholds) -> None:
    """Takes a tighter limit at once, and a looser one when the car had time to follow."""
    limit, before = flow.limit, memory.limit
    if limit is None or memory.limit is None or limit <= memory.limit:
        memory.limit, memory.next_limit = limit, None
    elif memory.next_limit is None:
        memory.next_limit, memory.next_at = limit, flow.at_s
    else:
        memory.next_limit = min(memory.next_limit, limit)
        if flow.at_s - memory.next_at >= thresholds.under_settle_s:
            memory.limit, memory.next_limit = memory.next_limit, None
            memory.rose = memory.rose or memory.limit > _RISE_SHARE * (before or 0.0)


def learn(
    memory: DeliveryMemory,
    flow: Flow,
    expected: float | None,
    elapsed_s: float,
    thresholds: Thresholds,
) -> None:
    """Learns what the car takes from one more sample, `elapsed_s` after the one before."""
    sustain(memory, flow, thresholds)
    if expected is not None:
        _explain(memory, flow, expected, elapsed_s, thresholds)
    _fall(memory, flow, elapsed_s)
    memory.expected, memory.last = expected, flow.value


def is_quiet(memory: DeliveryMemory, at_s: float) -> bool:
    """Tells whether nothing is going on that the next sample could change by being like this."""
    return (
        memory.full_at == at_s
        and memory.low_since is None
        and memory.next_limit is None
        and memory.expected is not None
        and not memory.is_taper
        and not memory.has_alarmed
        and not memory.is_paused
        and len(memory.tail) <= 1
    )


def stays_quiet(memory: DeliveryMemory, flow: Flow, known: Circumstances) -> bool:
    """Takes a sample that is like the one before; False, and nothing taken, if it is not."""
    value, limit, expected = flow.value, memory.limit, memory.expected
    if (
        expected is None
        or limit is None
        # It has turned out that the car takes more, so that more is to be expected.
        or (memory.ceiling is not None and memory.ceiling > expected < limit)
        or flow.limit != limit
        or flow.most != limit
        or flow.unit != memory.unit
        or value < FULL_SHARE * expected
        or (known.ceiling_a is not None and flow.ampere * known.ceiling_a > expected < limit)
    ):
        return False
    at_s = flow.at_s
    memory.full_at, memory.last, memory.falls = at_s, value, 0
    if at_s - memory.mark_at >= _MARK_S:
        memory.mark, memory.mark_at = value, at_s
        if memory.tail or value < FULL_SHARE * limit:
            _note_tail(memory, flow)
    return True


def forget_run(memory: DeliveryMemory) -> None:
    """Begins to learn anew what is sustained."""
    memory.run_low, memory.run_count = None, 0


def let_the_car_choose(memory: DeliveryMemory) -> None:
    """Notes that the car has stopped by itself: what it takes from now on is its own affair."""
    memory.ceiling, memory.is_taper = 0.0, True
    memory.sudden_at, memory.rose, memory.full_at = None, False, None
    forget_run(memory)


def sustain(memory: DeliveryMemory, flow: Flow, thresholds: Thresholds) -> None:
    """Learns from one more sample what the car has held for long enough."""
    if memory.run_low is None:
        memory.run_at, memory.run_low, memory.run_count = flow.at_s, flow.value, 1
    else:
        if flow.value < memory.run_low:  # noqa: PLR1730 - twice as fast, and each sample comes by
            memory.run_low = flow.value
        memory.run_count += 1
    sustained_s = thresholds.sustained_s
    if flow.span_s < sustained_s and (
        memory.run_count < _RUN_SAMPLES or flow.at_s - memory.run_at < sustained_s
    ):
        return
    low = memory.run_low
    memory.run_at, memory.run_low, memory.run_count = flow.at_s, flow.value, 1
    if low < flow.ampere * thresholds.stalled_a:
        return
    memory.peak = max(memory.peak or 0.0, low)
    memory.ceiling = max(memory.ceiling or 0.0, low)
    if memory.ceiling >= FULL_SHARE * memory.peak:
        memory.is_taper = False


def _explain(
    memory: DeliveryMemory,
    flow: Flow,
    expected: float,
    elapsed_s: float,
    thresholds: Thresholds,
) -> None:
    """Tells a decline from a drop, and both from a limit that was raised in vain."""
    if flow.value >= FULL_SHARE * expected:
        memory.full_at, memory.between, memory.sudden_at = flow.at_s, 0, None
        memory.rose = False
        return
    if _is_sudden(memory, flow, expected, thresholds):
        memory.sudden_at = flow.at_s
    elif flow.value + flow.slack >= thresholds.under_share * expected:
        memory.between += 1
    elif memory.sudden_at is None and not memory.rose and memory.full_at is not None:
        if memory.is_taper or _took_its_time(memory, flow, elapsed_s):
            _follow_down(memory, flow)
        else:
            memory.sudden_at = flow.at_s


def _is_sudden(memory: DeliveryMemory, flow: Flow, expected: float, thresholds: Thresholds) -> bool:
    """Tells whether much less flows than in the sample before, or than a minute ago."""
    if memory.last is None or memory.expected is None:
        return False
    # What flowed above a limit that is lower now was to fall.
    before = min(max(memory.last, memory.mark or 0.0), memory.expected, expected)
    drop = before - flow.value - flow.slack
    return drop > thresholds.sudden_drop_share * before and drop >= _LEAST_DROP_A * flow.ampere


def _took_its_time(memory: DeliveryMemory, flow: Flow, elapsed_s: float) -> bool:
    """Tells whether the way down took longer than a drop may take to be seen whole."""
    assert memory.full_at is not None  # noqa: S101 - narrows the type
    few = 1 if elapsed_s > _SPARSE_S and not flow.span_s else _FEW_BETWEEN
    least_s = max(_GRADUAL_S, 0.6 * flow.span_s + elapsed_s if flow.span_s else 0.0)
    return memory.between >= few and flow.at_s - memory.full_at > least_s


def _follow_down(memory: DeliveryMemory, flow: Flow) -> None:
    memory.is_taper, memory.sudden_at, memory.between = True, None, 0
    memory.ceiling = min(memory.ceiling or flow.value, flow.value)
    memory.full_at = flow.at_s
    forget_run(memory)


def _fall(memory: DeliveryMemory, flow: Flow, elapsed_s: float) -> None:
    """Looks a minute back: what goes on falling after a drop is a decline after all."""
    if memory.mark is not None and flow.at_s - memory.mark_at < _MARK_S:
        return
    if memory.mark is not None and flow.value < _MARK_FALLS * memory.mark:
        memory.falls += 1
    else:
        memory.falls = 0
    memory.mark, memory.mark_at = flow.value, flow.at_s
    _note_tail(memory, flow)
    after_s = max(_GRADUAL_S, flow.span_s + elapsed_s if flow.span_s else 0.0)
    sudden_at = memory.sudden_at
    if memory.falls >= _FEW_BETWEEN and sudden_at is not None and flow.at_s - sudden_at >= after_s:
        _follow_down(memory, flow)


def _note_tail(memory: DeliveryMemory, flow: Flow) -> None:
    """Keeps the last values that fell although the limit did not ask for it."""
    tail = memory.tail
    if flow.limit is not None and flow.value >= FULL_SHARE * flow.limit:
        tail.clear()
    elif tail and flow.value > _TAIL_FALLS * tail[-1][1]:
        if flow.value > tail[-1][1] / _TAIL_FALLS:
            tail[:] = [[flow.at_s, flow.value]]
    else:
        tail.append([flow.at_s, flow.value])
        del tail[:-_TAIL_KEPT]
