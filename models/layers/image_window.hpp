// What layers that move a window over images have in common: what they make of a sample [height, width, channels], and
// how they say what they are.
#pragma once

#include "runtime/operators/window.hpp"
#include "runtime/result.hpp"
#include "runtime/sample_spec.hpp"

#include <algorithm>
#include <string>

namespace syngrad {

// "3x3, stride 2, padding 1"
inline std::string describe_window(const window2d& window) {
  const auto text = [](extent2d of) { return of.height == of.width ? std::to_string(of.height) : of.to_string(); };
  const auto stride = text(window.stride), padding = text(window.padding);
  return window.kernel_size.to_string() + (stride == "1" ? "" : ", stride " + stride) +
         (padding == "0" ? "" : ", padding " + padding);
}

// `channels`: those it takes; 0: any. `gives`: those of its output; 0: as many. The refusal is what infer() answers.
inline result<sample_spec> infer_window(const sample_spec& below, const window2d& window, std::int64_t channels,
                                        std::int64_t gives) {
  const auto &kernel = window.kernel_size, &stride = window.stride, &padding = window.padding;
  if (std::min({kernel.height, kernel.width, stride.height, stride.width}) < 1 ||
      std::min(padding.height, padding.width) < 0)
    return error::setting("takes a kernel and a stride of 1 or more and a padding of 0 or more");
  const auto& extents = below.extents;
  const auto of_channels =
    channels == 0 ? "" : " of " + std::to_string(channels) + (channels == 1 ? " channel" : " channels");
  if (below.type != dtype::f32 || extents.rank() != 3 || (channels != 0 && extents[2] != channels))
    return error::setting("takes images" + of_channels);
  const extent2d input(extents[0], extents[1]), least(std::max<std::int64_t>(kernel.height - 2 * padding.height, 1),
                                                      std::max<std::int64_t>(kernel.width - 2 * padding.width, 1));
  if (input.height < least.height || input.width < least.width)
    return error::setting("takes images of at least " + least.to_string());
  const auto output = window.output_of(input);
  return sample_spec{{output.height, output.width, gives == 0 ? extents[2] : gives}};
}

// Of pooling, where each window has a position within the image.
inline result<sample_spec> infer_pooling(const sample_spec& below, const window2d& window) {
  if (2 * window.padding.height > window.kernel_size.height || 2 * window.padding.width > window.kernel_size.width)
    return error::setting("takes a padding of at most half its kernel");
  return infer_window(below, window, 0, 0);
}

// Forward and backward, per sample: a sum or a comparison for each input of each window.
inline double pooling_cost(const sample_spec& below, const window2d& window) {
  const auto outputs = window.output_of({below.extents[0], below.extents[1]}).positions();
  return 2.0 * static_cast<double>(outputs * window.kernel_size.positions() * below.features());
}

// Of a batch of images with as many channels.
inline shape output_extents(const tensor& x, const window2d& window) {
  const auto& extents = x.extents();
  const auto output = window.output_of({extents[1], extents[2]});
  return {extents[0], output.height, output.width, extents[3]};
}

} // namespace syngrad
