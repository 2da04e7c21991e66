// The copy and repeat-copy tasks, on which it shows how far back a recurrent network learns to look (Graves et al.,
// arXiv 1410.5401, sections 4.1 and 4.2; Jaderberg et al., arXiv 1608.05343, section 3.1). A stream of episodes:
//
//   input   d a f c 2 . . . . . . .      letters, how often to reproduce them, blanks
//   target  - - - - d a f c d a f c      nothing, then the letters
//
// Only what is to be reproduced has a target: chance is ln 8 nats for each. Samples are windows of the stream, as of a
// text, that may begin and end within episodes.
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <string_view>

namespace syngrad {

inline constexpr std::int32_t copied_letters = 8;

// `sizes` is "LENGTH" or "LENGTHxREPEATS". In training, an episode has 1 to LENGTH letters, and reproduces them 1 to
// REPEATS times, both drawn by `seed`: the short ones lead to the long ones. In the test, which is the same for every
// seed, every episode has all of both. There, one episode of four has no targets: the one that a row of a batch begins
// with, before which a network knows nothing.
result<dataset> make_copy_task(std::string_view sizes, std::uint64_t seed);

} // namespace syngrad
