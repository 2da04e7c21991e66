// The kinds of network that have a short form, "NAME:PARAMETERS": each makes the JSON that it stands for.
//
// A kind is a file in this folder, a declaration here and a line in network_kind.cpp. Any thread.
#pragma once

#include "models/networks/network_document.hpp"

#include <span>
#include <string>
#include <string_view>

namespace syngrad {

struct network_kind {
  std::string_view name;    // before the colon
  std::string_view form;    // "mlp:INPUTS-WIDTHxCOUNT-CLASSES"
  std::string_view example; // "mlp:784-256x5-10"
  std::string_view summary; // one line
  // From what stands behind the colon. Fails with what is wrong with it: "the width '0' is not ...".
  result<network_document> (*make)(std::string_view parameters);
  // The parameters with what data decide that were left out, such as the number of classes; null: they decide nothing.
  std::string (*complete)(std::string_view parameters, const sample_spec& target) = nullptr;
};

extern const network_kind mlp_network_kind, cnn_network_kind, resnet_network_kind, gpt_network_kind, lstm_network_kind,
  gru_network_kind;

// In the order of the help text.
std::span<const network_kind* const> network_kinds();
const network_kind* find_network_kind(std::string_view name); // null: there is none

} // namespace syngrad
