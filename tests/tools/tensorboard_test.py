"""Python's tensorboard package reads the event file."""
import subprocess
import sys
from pathlib import Path

from program import check, folder, need

accumulator, = need("tensorboard.backend.event_processing.event_accumulator")

with folder() as home:
    subprocess.run([sys.argv[1], Path(home) / "events.out.tfevents.1000000000.test"], check=True)
    events = accumulator.EventAccumulator(home)
    events.Reload()
    tags = sorted(events.Tags()["scalars"])
    check(tags == ["cosine/interface_0", "error_percent/test", "loss/test"], tags)
    loss = [(event.wall_time, event.step, event.value) for event in events.Scalars("loss/test")]
    check([one[:2] for one in loss] == [(1e9 + 10, 100), (1e9 + 20, 200), (1e9 + 30, 300)], loss)
    check(all(abs(one[2] - 1 / i) < 1e-7 for i, one in enumerate(loss, 1)), loss)
    cosine = [(event.step, event.value) for event in events.Scalars("cosine/interface_0")]
    check(cosine == [(200, 0.5), (300, 0.75)], cosine)
