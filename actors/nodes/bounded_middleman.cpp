#include "actors/nodes/bounded_middleman.hpp"

#include "actors/tsan_annotations.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/network/default_multiplexer.hpp>

#include <cstdint>

namespace syngrad {

namespace {

// A header of CAF 0.17's frames, 32 bytes, big-endian: operation u8, unused u16, flags u8, length of the payload u32,
// and then what depends on the operation.
bool acceptable(const std::vector<char>& header) {
  if (header.size() != caf::io::basp::header_size) return false;
  std::uint32_t length = 0;
  for (std::size_t i = 4; i < 8; ++i) length = length << 8 | static_cast<unsigned char>(header[i]);
  const auto operation = static_cast<caf::io::basp::message_type>(header[0]);
  const bool handshake = operation == caf::io::basp::message_type::server_handshake ||
                         operation == caf::io::basp::message_type::client_handshake;
  return length <= longest_frame && !(handshake && length == 0);
}

class bounded_broker : public caf::io::basp_broker {
public:
  using basp_broker::basp_broker;

  caf::invoke_message_result consume(caf::mailbox_element& element) override {
    tsan_acquire(&element);
    if (element.content().match_elements<caf::io::new_data_msg>()) {
      const auto& data = element.content().get_as<caf::io::new_data_msg>(0);
      const auto known = ctx.find(data.handle);
      const bool is_header = known == ctx.end() || known->second.cstate == caf::io::basp::await_header;
      if (is_header && !acceptable(data.buf)) {
        connection_cleanup(data.handle, caf::sec::none);
        close(data.handle);
        return caf::invoke_message_result::consumed;
      }
    }
    return basp_broker::consume(element);
  }
};

// Owns what runs the sockets, as CAF's own module does.
class bounded_module : public bounded_middleman {
public:
  explicit bounded_module(caf::actor_system& system) : bounded_middleman(system), backend_(&system) {}
  caf::io::network::multiplexer& backend() override { return backend_; }

private:
  caf::io::network::default_multiplexer backend_;
};

} // namespace

caf::actor_system::module* bounded_middleman::make(caf::actor_system& system, caf::detail::type_list<>) {
  return new bounded_module(system);
}

// CAF asks for the broker by this name, and makes its own where there is none.
void bounded_middleman::start() {
  named_broker<bounded_broker>(caf::atom("BASP"));
  middleman::start();
}

} // namespace syngrad
