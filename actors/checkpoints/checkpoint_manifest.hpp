// manifest.json as text and back: checkpoint_folder.hpp says what it has.
#pragma once

#include "actors/checkpoints/checkpoint_folder.hpp"

#include <string>

namespace syngrad {

std::string format_checkpoint_manifest(const checkpoint_manifest&);

// Fails where the file is missing, damaged or of another format: the message names it. Files of parts are names alone,
// without a folder.
result<checkpoint_manifest> parse_checkpoint_manifest(const std::string& path);

} // namespace syngrad
