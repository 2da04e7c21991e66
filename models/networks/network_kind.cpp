#include "models/networks/network_kind.hpp"

#include <algorithm>
#include <array>

namespace syngrad {

std::span<const network_kind* const> network_kinds() {
  static constexpr std::array kinds{&mlp_network_kind, &cnn_network_kind,  &resnet_network_kind,
                                    &gpt_network_kind, &lstm_network_kind, &gru_network_kind};
  return kinds;
}

const network_kind* find_network_kind(std::string_view name) {
  const auto kinds = network_kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const auto* each) { return each->name == name; });
  return found == kinds.end() ? nullptr : *found;
}

} // namespace syngrad
