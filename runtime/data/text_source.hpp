// Texts as data sets: samples are windows of so many tokens, and the target at each position is the token that follows.
//
//   text:FILE    the characters of a text in UTF-8, plain or gzipped; the vocabulary is those that it has, in their
//   order bytes:FILE   the bytes of any file tokens:DIR   16-bit tokens as nanoGPT and llm.c write them, mapped and not
//   read whole:
//                  DIR     = [PREFIX_]train[_NNN].bin..., [PREFIX_]val[_NNN].bin...     shards in the order of their
//                  names file    = [ header ] { u16 }                                           little-endian header  =
//                  i32 20240520, i32 1 (version), i32 tokens, 253 x i32         llm.c's; nanoGPT has none
//
// Of text and bytes the last part by position is the test set.
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace syngrad {

// What text and bytes hold out; floor((1 - fraction) * size) tokens are trained on.
inline constexpr double usual_test_fraction_of_text = 0.1;

result<dataset> load_text(const std::string& file, double test_fraction);
result<dataset> load_bytes(const std::string& file, double test_fraction);
// `vocabulary`: how many different tokens there are; none: one more than the largest, where the files are small enough
// to look for it. A token that is not below is refused: at once in small files, else when a window has it.
result<dataset> load_tokens(const std::string& folder, std::optional<std::int32_t> vocabulary);

// Of a network that is trained on such a text: all of it is the test set, of the run's tokens.
result<dataset> load_text_as_learned(const std::string& file, const vocabulary&);
result<dataset> load_bytes_as_learned(const std::string& file);

// Makes the samples of such a data set windows of `context` tokens. Fails where a part of the text is shorter, but
// for a training part that has nothing.
status cut_windows(dataset&, std::int64_t context);

} // namespace syngrad
