#include "tools/train/data_sum.hpp"

#include "actors/links/link_packets.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <span>
#include <vector>

namespace syngrad::tools {

namespace {

class data_adder {
public:
  template <class Number>
  void add_all(const std::vector<Number>& numbers) {
    add_number(static_cast<std::int64_t>(numbers.size()));
    sum_.add(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number));
  }
  void add_number(std::int64_t number) { sum_.add(reinterpret_cast<const char*>(&number), sizeof number); }
  void add_text(const std::string& text) {
    add_number(static_cast<std::int64_t>(text.size()));
    sum_.add(text.data(), text.size());
  }
  void add_spec(const sample_spec& spec) {
    add_text(spec.to_string());
    add_number(spec.categories);
    add_number(spec.is_numbers());
  }
  void add_tokens(const token_text& text) {
    constexpr std::int64_t most = std::int64_t{1} << 26;
    add_number(text.size());
    if (text.size() <= most) return add_part(text, 0, text.size());
    for (const auto first : {std::int64_t{0}, text.size() / 2, text.size() - most / 4}) add_part(text, first, most / 4);
  }
  void add_set(const sample_set& set) {
    add_number(set.count);
    add_all(set.bytes);
    add_all(set.floats);
    add_all(set.numbers);
    add_all(set.labels);
    add_all(set.values);
    for (const auto& each : set.files) add_text(each);
    add_tokens(set.text);
    add_number(set.window);
  }
  std::string get() const { return fmt::format("{:016x}", sum_.get()); }

private:
  void add_part(const token_text& text, std::int64_t first, std::int64_t count) {
    constexpr std::int64_t piece = 1 << 16;
    for (const auto end = first + count; first < end; first += piece) {
      tokens_.resize(static_cast<std::size_t>(std::min(piece, end - first)));
      text.copy(first, tokens_);
      sum_.add(reinterpret_cast<const char*>(tokens_.data()), tokens_.size() * sizeof(std::int32_t));
    }
  }

  chunk_sum sum_;
  std::vector<std::int32_t> tokens_;
};

} // namespace

std::string data_sum_of(const dataset& data) {
  data_adder sum;
  sum.add_spec(data.input);
  sum.add_spec(data.target);
  sum.add_set(data.train);
  sum.add_set(data.test);
  for (const auto& each : data.class_names) sum.add_text(each);
  return sum.get();
}

} // namespace syngrad::tools
