// The optimizers of this folder; the registry in models/optimizer.cpp has a line for each.
#pragma once

#include "models/optimizer.hpp"

namespace syngrad {

std::unique_ptr<optimizer> make_sgd(stream&, const arena&, const optimizer_settings&);
std::unique_ptr<optimizer> make_adam(stream&, const arena&, const optimizer_settings&);  // adam.cpp
std::unique_ptr<optimizer> make_adamw(stream&, const arena&, const optimizer_settings&); // adam.cpp
std::unique_ptr<optimizer> make_adam8bit(stream&, const arena&, const optimizer_settings&);
std::unique_ptr<optimizer> make_adafactor(stream&, const arena&, const optimizer_settings&);
std::unique_ptr<optimizer> make_nadam(stream&, const arena&, const optimizer_settings&);
std::unique_ptr<optimizer> make_lion(stream&, const arena&, const optimizer_settings&);
std::unique_ptr<optimizer> make_muon(stream&, const arena&, const optimizer_settings&);

} // namespace syngrad
