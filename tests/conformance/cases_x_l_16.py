"""Beyond certification: firmware of 1.6 stations, whose statuses name no request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.book import V16, case
from tests.conformance.cases_201_l import CHECKSUM, LOCATION, later
from tests.conformance.cases_x_l import tells
from tests.conformance.patterns import same_time, text_of

if TYPE_CHECKING:
    from tests.conformance.stage import Stage


@case(
    "X_L_16",
    version=V16,
    block="Firmware",
    title="A 1.6 station's statuses name no request: they belong to the update under way",
)
async def unnumbered(stage: Stage) -> None:
    charger = await stage.charger()
    retrieve_at = later(minutes=5)
    job = await stage.operate(
        charger,
        "update_firmware",
        {"location": LOCATION, "retrieve_at": text_of(retrieve_at), "retries": 2},
        sends=(
            "UpdateFirmware",
            {"location": LOCATION, "retrieveDate": same_time(retrieve_at), "retries": 2},
        ),
        answer={},
    )
    for status in ("Downloading", "Downloaded", "Installing"):
        await tells(charger, status)
        await job.told(status=status)
    await charger.reconnect()
    await charger.boot()
    await tells(charger, "Idle")
    assert (await job.look())["state"] == "accepted"
    await tells(charger, "Installed")
    await job.comes_to("done")
    await tells(charger, "Idle")


@case("X_L_16_PUBLISH", version=V16, block="Firmware", title="1.6 publishes no firmware")
async def no_words(stage: Stage) -> None:
    charger = await stage.charger()
    body = {"location": LOCATION, "checksum": CHECKSUM}
    problem = await stage.refused(charger, "publish_firmware", body)
    assert "1.6" in problem["detail"], problem
