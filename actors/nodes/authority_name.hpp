// Which CA a connecting side has its certificate of, said in the first bytes of TLS (as the server name of RFC 6066):
// whoever accepts closes a connection of another CA's before any of its cryptography is done. It is no secret and
// proves nothing; the certificate does, afterwards.
//
// Threads: any; a connection is one thread's at a time.
#pragma once

#include "actors/nodes/openssl_handles.hpp"

#include <string>

namespace syngrad {

// The same for every certificate with this key: a renewed CA keeps its name. Lower-case hexadecimal and ".syngrad".
std::string authority_name(X509* authority);

// What the other side has said; only from within the callback of SSL_CTX_set_client_hello_cb. Empty: nothing that
// reads.
std::string named_authority(SSL*);

} // namespace syngrad
