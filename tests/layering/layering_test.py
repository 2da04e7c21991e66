#!/usr/bin/env python3
"""The project keeps its layers, and each way to break them is found in a small tree made for it."""

import os
import pathlib
import tempfile
import unittest

import layering

ROOT = pathlib.Path(__file__).resolve().parents[2]

HEADERS = ["runtime/stream.hpp", "models/layer.hpp", "actors/group.hpp", "tools/program.hpp", "tests/support/catch.hpp"]


def faults_of_files(texts):
    """The faults of files, a text for each path, in a tree that has every header of HEADERS."""
    with tempfile.TemporaryDirectory() as root:
        for name in HEADERS + list(texts):
            file = pathlib.Path(root, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(texts.get(name, "#pragma once\n"))
        return list(layering.faults(root))


def faults_of(path, text):
    return faults_of_files({path: text})


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
        self.assert_found("actors/a.hpp", "#include <nlohmann/json.hpp>", "nlohmann-json belongs under runtime/io/")

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

    def test_folders_that_include_each_other_are_found(self):
        up, down = '#include "actors/group.hpp"\n', '#include "actors/links/link.hpp"\n'
        self.assertEqual(faults_of_files({"actors/links/link.hpp": up, "actors/x/a.cpp": down}), [])
        found = faults_of_files({"actors/links/link.hpp": up, "actors/a.cpp": down})
        self.assertEqual([each.split(": ")[0] for each in found], ["actors/a.cpp:1", "actors/links/link.hpp:1"])
        self.assertIn("actors/links/ includes actors/, too", found[0])

    def test_a_circle_over_three_folders_is_found(self):
        texts = {f"tools/{here}/a.hpp": f'#include "tools/{there}/a.hpp"\n' for here, there in ["xy", "yz", "zx"]}
        self.assertEqual(len(faults_of_files(texts)), 3)
        texts["tools/z/a.hpp"] = "#pragma once\n"
        self.assertEqual(faults_of_files(texts), [])


if __name__ == "__main__":
    unittest.main()
