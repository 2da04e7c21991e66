// Writes the sample events to the file that is named. Used by tensorboard_test.py.
#include "tests/tools/sample_events.hpp"

int main(int count, char** words) {
  return count == 2 && syngrad::test::write_sample_events(words[1]) ? 0 : 1;
}
