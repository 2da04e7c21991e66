#!/usr/bin/env python3
"""The project keeps its layers, and each way to break them is found in a small tree made for it."""

import os
import pathlib
import tempfile
import unittest

import layering

ROOT = pathlib.Path(__file__).resolve().parents[2]

HEADERS = ["runtime/stream.hpp", "models/layer.hpp", "actors/group.hpp", "tools/program.hpp", "tests/support/catch.hpp"]


def faults_of(path, text):
    """The faults of one file with the given text, in a tree that has every header of HEADERS."""
    with tempfile.TemporaryDirectory() as root:
        for name in HEADERS + [path]:
            file = pathlib.Path(root, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text if name == path else "#pragma once\n")
        return list(layering.faults(root))


class LayeringTest(unittest.TestCase):
    def assert_found(self, path, line, expected):
        found = faults_of(path, f"// first line\n{line}\n")
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{path}:2: "), found)
        self.assertIn(expected, found[0])

    def assert_clean(self, path, line):
        self.assertEqual(faults_of(path, f"{line}\n"), [])

    def test_the_project_keeps_its_layers(self):
        self.assertGreater(sum(1 for f in ROOT.glob("runtime/**/*.hpp")), 10)
        self.assertEqual(list(layering.faults(ROOT)), [])

    def test_an_include_of_a_higher_layer_is_found(self):
        self.assert_found("runtime/a.cpp", '#include "models/layer.hpp"', "runtime/ must not know models/")
        self.assert_found("models/a.hpp", '#include "actors/group.hpp"', "models/ must not know actors/")
        self.assert_found("actors/x/a.cpp", '  #  include "tools/program.hpp"', "actors/ must not know tools/")
        self.assert_found("tools/a.cpp", '#include "tests/support/catch.hpp"', "tools/ must not know tests/")

    def test_includes_of_lower_layers_and_from_tests_are_fine(self):
        self.assert_clean("tools/a.cpp", '#include "actors/group.hpp"\n#include "runtime/stream.hpp"')
        self.assert_clean("tests/a.cpp", '#include "tools/program.hpp"\n#include "tests/support/catch.hpp"')
        self.assert_clean("runtime/a.cpp", '// #include "models/layer.hpp"\n#include <vector>')

    def test_a_foreign_library_outside_of_its_home_is_found(self):
        self.assert_found("runtime/a.cpp", "#include <cuda_runtime.h>", "CUDA belongs under runtime/cuda/")
        self.assert_found("tests/a.cpp", "#include <cublasLt.h>", "CUDA belongs under runtime/cuda/")
        self.assert_found("models/a.cpp", "#include <caf/all.hpp>", "CAF belongs under actors/ tools/ tests/")
        self.assert_found("models/a.cpp", "#include <oneapi/dnnl/dnnl.hpp>", "oneDNN belongs under runtime/cpu/")
        self.assert_found("models/a.cpp", "#include <dnnl.hpp>", "oneDNN belongs under runtime/cpu/")
        self.assert_found("runtime/a.cpp", "#include <Eigen/Dense>", "Eigen belongs under runtime/cpu/")

    def test_a_foreign_library_at_home_is_fine(self):
        self.assert_clean("runtime/cuda/a.cu", "#include <cuda_runtime.h>")
        self.assert_clean("runtime/cpu/a.cpp", "#include <Eigen/Dense>\n#include <oneapi/dnnl/dnnl.hpp>")
        self.assert_clean("actors/a.cpp", "#include <caf/all.hpp>")

    def test_a_path_that_is_not_from_the_root_is_found(self):
        self.assert_found("runtime/a.cpp", '#include "stream.hpp"', "not a path from the root")
        self.assert_found("runtime/cpu/a.cpp", '#include "../stream.hpp"', "not a path from the root")
        self.assert_found("runtime/a.cpp", '#include "runtime/gone.hpp"', "does not exist")

    def test_an_absolute_path_is_found(self):
        self.assert_found("runtime/a.cpp", '#include "/usr/include/zlib.h"', "an absolute path")
        self.assert_found("tests/a.cpp", f'auto file = "{os.sep}home/somebody/data";', "an absolute path")


if __name__ == "__main__":
    unittest.main()
