// The options of everything that speaks to other processes, as rows for a command's table. The variables are the
// command's; they outlive the rows.
#pragma once

#include "actors/nodes/network_settings.hpp"
#include "tools/command_line/option_row.hpp"

namespace syngrad::tools {

// --tls-cert, --tls-key, --tls-ca, --tls-crl, --insecure: of every such command.
option_group protection_options(network_settings&);

// Of those that others reach, too: --name, --listen, --advertise, --port-range.
option_group reach_options(network_settings&);

// --peer-timeout, --reconnect-for.
option_group failure_options(network_settings&);

// A row for HOST:PORT. `read`: what may be written there.
option_row address(std::string name, std::optional<endpoint>& target, std::string help,
                   result<endpoint> (*read)(const std::string&) = parse_endpoint);

} // namespace syngrad::tools
