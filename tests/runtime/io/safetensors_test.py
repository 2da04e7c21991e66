"""Python's safetensors package reads what the runtime writes, and the runtime reads what the package writes."""
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
from program import need  # noqa: E402

numpy, safetensors, safetensors_numpy = need("numpy", "safetensors", "safetensors.numpy")

program = sys.argv[1]
with tempfile.TemporaryDirectory() as folder:
    written = Path(folder) / "written.safetensors"
    subprocess.run([program, "write", written], check=True)
    tensors = safetensors_numpy.load_file(written)
    assert sorted(tensors) == ["1.weight", "counts"], tensors.keys()
    numpy.testing.assert_array_equal(tensors["1.weight"], numpy.array([[0, 0.5, -1], [1.5, 2, -2.5]], "float32"))
    numpy.testing.assert_array_equal(tensors["counts"], numpy.array([-7, 7], "int32"))
    with safetensors.safe_open(written, "numpy") as file:
        assert file.metadata() == {"model": "sample"}, file.metadata()

    random = numpy.random.default_rng(1)
    theirs = {"b": random.standard_normal((3, 4)).astype("float32"), "a.ä": numpy.arange(5, dtype="uint8"),
              "empty": numpy.zeros((0, 2), "float32")}
    foreign, copied = Path(folder) / "foreign", Path(folder) / "copied"
    safetensors_numpy.save_file(theirs, foreign, metadata={"note": 'a "quoted" one'})
    subprocess.run([program, "copy", foreign, copied], check=True)
    for name, tensor in safetensors_numpy.load_file(copied).items():
        numpy.testing.assert_array_equal(tensor, theirs.pop(name))
    assert not theirs, theirs.keys()
