// std::cout of a program whose reader must get everything: what cannot be written is not forgotten, and said at the
// end.
//
// Make one in main() before anything is printed; while it lives, std::cout writes through it, from any thread.
// Descriptors 0 to 2 that the program was started without are taken by something harmless, so that no file of ours
// becomes one of them.
#pragma once

#include "tools/subcommand.hpp"

#include <mutex>
#include <ostream>
#include <streambuf>
#include <string>

namespace syngrad::tools {

class checked_output : public std::streambuf {
public:
  explicit checked_output(int descriptor) : descriptor_(descriptor) {}

  // The errno of the first write that failed; 0: none did. What came after it was not written.
  int failure() const;
  // Writes what is gathered, and asks the file system for what it has kept for the end.
  int finish();

protected:
  std::streamsize xsputn(const char* text, std::streamsize size) override;
  int_type overflow(int_type byte) override;
  int sync() override;

private:
  bool flush();

  const int descriptor_;
  mutable std::mutex mutex_;
  std::string gathered_;
  int failure_ = 0;
};

class standard_output {
public:
  standard_output();
  ~standard_output();
  standard_output(const standard_output&) = delete;
  standard_output& operator=(const standard_output&) = delete;

  // How the program ends where its work ended so: a cut output is a failure, in one line on the standard error. A
  // reader that has gone away has seen what it wanted.
  exit_code finish(exit_code of_the_work);

private:
  checked_output output_;
  std::streambuf* before_;
};

} // namespace syngrad::tools
