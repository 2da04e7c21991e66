// A layer in a network's JSON, as the code reads it that makes the layer: each argument by its name, of the type and in
// the range that it must have. What does not fit is thrown (document_fault) with the argument's place.
#pragma once

#include "models/network.hpp"
#include "models/networks/network_document.hpp"
#include "runtime/io/value_text.hpp"
#include "runtime/operators/window.hpp"

#include <optional>
#include <string>
#include <vector>

namespace syngrad {

class layer_arguments {
public:
  // `next`: the layer behind it in its list, or null. `below`: what it gets of a sample.
  layer_arguments(const network_document& layer, const network_document* next, std::string place, sample_spec below);

  const sample_spec& below() const { return below_; }
  const std::string& place() const { return place_; }
  const std::string& type() const { return type_; } // "Linear"

  // An argument that must be there.
  std::int64_t whole(const std::string& name, whole_range);
  // One that may be left out; it is `usual` then.
  std::int64_t whole(const std::string& name, whole_range, std::int64_t usual);
  double real(const std::string& name, real_range, double usual);
  std::optional<double> real_or_none(const std::string& name, real_range);
  bool flag(const std::string& name, bool usual);
  std::string choice(const std::string& name, const std::vector<std::string>& known, const std::string& usual);
  // One number for both directions, or two: [vertical, horizontal].
  extent2d pair(const std::string& name, whole_range);
  extent2d pair(const std::string& name, whole_range, extent2d usual);
  // Layers within this one, the first on what is below it.
  layer_list layers(const std::string& name);
  layer_list layers_or_none(const std::string& name);

  // Whether the layer behind it is `type`, without arguments: then it is part of this one, and not made.
  bool takes_next(const std::string& type);
  bool has_taken_next() const { return taken_next_; }

  // What is wrong with an argument.
  [[noreturn]] void refuse(const std::string& name, const std::string& why) const;

  // After the layer was made: whether an argument is left that nothing asked for.
  void check_all_read() const;

private:
  const network_document* find(const std::string& name);
  const network_document& need(const std::string& name);
  extent2d pair_in(const network_document& value, const std::string& name, whole_range) const;

  const network_document& layer_;
  const network_document* next_;
  std::string place_, type_;
  sample_spec below_;
  std::vector<std::string> asked_;
  bool taken_next_ = false;
};

// The layers of a list, which `place` names. `spec`: of what is below them; becomes that of what they give.
layer_list read_layers(const network_document& list, const std::string& place, sample_spec& spec);

} // namespace syngrad
