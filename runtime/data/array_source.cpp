#include "runtime/data/array_source.hpp"

#include "runtime/data/mapped_file.hpp"
#include "runtime/data/npy_array.hpp"
#include "runtime/data/zip_archive.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <deque>
#include <limits>
#include <map>
#include <numeric>
#include <unordered_map>

namespace syngrad {

namespace {

struct named_array {
  std::string where; // for messages: the file, and its name in it
  npy_array array;

  std::int64_t rows() const { return array.extents.front(); }
  std::int64_t elements_of_row() const { return rows() == 0 ? 0 : array.elements() / rows(); }
};

struct array_pair {
  named_array x, y;
};

struct array_set {
  array_pair train;
  std::optional<array_pair> test;
};

error wrong_array(const named_array& of, const std::string& what) {
  return error::data(of.where + ": " + of.array.to_string() + " " + what);
}

std::vector<std::int64_t> extents_of_row(const npy_array& array) {
  return {array.extents.begin() + 1, array.extents.end()};
}

status check_pair(const array_pair& pair) {
  constexpr std::size_t most_axes = shape::max_rank; // with that of the samples
  for (const auto* each : {&pair.x, &pair.y}) {
    const auto& extents = each->array.extents;
    if (extents.empty() || extents.size() > most_axes)
      return wrong_array(*each, "has " + std::to_string(extents.size()) + " axes, 1 to " + std::to_string(most_axes) +
                                  " are expected, that of the samples first");
    if (each->array.elements() == 0) return wrong_array(*each, "is empty");
    if (each->rows() > std::numeric_limits<std::int32_t>::max())
      return wrong_array(*each, "has more than 2^31 - 1 samples; use a part of them");
  }
  if (pair.x.rows() == pair.y.rows()) return ok();
  return wrong_array(pair.y, "has " + std::to_string(pair.y.rows()) + " samples, but " + pair.x.where + " has " +
                               std::to_string(pair.x.rows()) + "; make them of the same samples");
}

status check_set(const array_set& set) {
  if (auto good = check_pair(set.train); !good) return good;
  if (!set.test) return ok();
  if (auto good = check_pair(*set.test); !good) return good;
  for (const auto& [train, test] : {std::pair(&set.train.x, &set.test->x), std::pair(&set.train.y, &set.test->y)})
    if (extents_of_row(train->array) != extents_of_row(test->array) || train->array.type != test->array.type)
      return wrong_array(*test, "is of another kind than " + train->where + ", " + train->array.to_string() +
                                  "; make their samples alike");
  return ok();
}

// ---- inputs

sample_spec input_spec(const named_array& x, bool tokens) {
  const auto extents = extents_of_row(x.array);
  sample_spec spec{extents.empty() ? shape{1} : shape(extents), tokens ? dtype::i32 : dtype::f32, 0};
  return spec;
}

error wrong_number(const named_array& of, std::int64_t row, const std::string& what) {
  return error::data(of.where + ": row " + std::to_string(row) + " has " + what);
}

status append_floats(const named_array& from, std::int64_t row, std::vector<float>& into) {
  const auto width = from.elements_of_row();
  for (std::int64_t i = row * width; i < (row + 1) * width; ++i) {
    const auto value = static_cast<float>(real_at(from.array, i));
    if (!std::isfinite(value))
      return wrong_number(from, row, "a number that is not finite as a 32-bit float; replace it or leave out the row");
    into.push_back(value);
  }
  return ok();
}

status append_tokens(const named_array& from, std::int64_t row, std::vector<std::int32_t>& into) {
  constexpr std::int64_t most_tokens = 1 << 24;
  const auto width = from.elements_of_row();
  for (std::int64_t i = row * width; i < (row + 1) * width; ++i) {
    const auto value = whole_at(from.array, i);
    if (value < 0 || value >= most_tokens)
      return wrong_number(from, row,
                          "the token " + std::to_string(value) + ", expected 0 to " + std::to_string(most_tokens - 1));
    into.push_back(static_cast<std::int32_t>(value));
  }
  return ok();
}

void append_bytes(const named_array& from, std::int64_t row, std::vector<std::uint8_t>& into) {
  const auto width = static_cast<std::size_t>(from.elements_of_row());
  const auto* first =
    reinterpret_cast<const std::uint8_t*>(from.array.data.data()) + static_cast<std::size_t>(row) * width;
  into.insert(into.end(), first, first + width);
}

// ---- labels

struct array_labels {
  label_numbering numbering;
  std::unordered_map<std::int64_t, std::int32_t> class_of;
};

// The different numbers and the row that has each first. Fails where they are too many to be classes.
status collect_labels(const named_array& y, std::map<std::int64_t, std::string>& first_place) {
  const auto width = y.elements_of_row();
  for (std::int64_t i = 0; i < y.array.elements(); ++i) {
    first_place.try_emplace(whole_at(y.array, i), "row " + std::to_string(i / width));
    if (first_place.size() > most_classes)
      return wrong_array(y, "has more than " + std::to_string(most_classes) +
                              " different labels; --objective mse takes values");
  }
  return ok();
}

result<array_labels> number_array_labels(const array_set& set, std::optional<label_rule> rule) {
  const auto& y = set.train.y;
  if (y.array.is_floating())
    return wrong_array(y, "has no labels, which are whole numbers; convert it with astype('int64'), or use "
                          "--objective mse for values");
  std::map<std::int64_t, std::string> places;
  if (auto done = collect_labels(y, places); !done) return done.failure();
  if (set.test)
    if (auto done = collect_labels(set.test->y, places); !done) return done.failure();
  std::vector<label> different;
  for (const auto& [value, place] : places)
    different.push_back({std::to_string(value), place, static_cast<double>(value)});
  if (different.size() < 2)
    return wrong_array(y, "has the same label everywhere, " + different[0].text + "; nothing can be told apart by it");
  auto numbering = number_labels(y.where, different, rule);
  if (!numbering) return numbering.failure();
  array_labels out{std::move(*numbering), {}};
  for (std::size_t i = 0; i < different.size(); ++i)
    out.class_of[static_cast<std::int64_t>(*different[i].number)] = out.numbering.class_of[i];
  return out;
}

// ---- a set of samples

status append_row(const array_pair& from, std::int64_t row, bool tokens, const array_labels* labels, sample_set& into) {
  if (from.x.array.type == npy_array::kind::u8 && !tokens) {
    append_bytes(from.x, row, into.bytes);
  } else {
    auto done = tokens ? append_tokens(from.x, row, into.numbers) : append_floats(from.x, row, into.floats);
    if (!done) return done;
  }
  ++into.count;
  if (!labels) return append_floats(from.y, row, into.values);
  const auto width = from.y.elements_of_row();
  for (std::int64_t i = row * width; i < (row + 1) * width; ++i)
    into.labels.push_back(labels->class_of.at(whole_at(from.y.array, i)));
  return ok();
}

template <class Rows>
status append_rows(const array_pair& from, const Rows& rows, bool tokens, const array_labels* labels,
                   sample_set& into) {
  for (const auto row : rows)
    if (auto done = append_row(from, row, tokens, labels, into); !done) return done;
  return ok();
}

std::vector<std::int32_t> all_rows(const array_pair& of) {
  std::vector<std::int32_t> rows(static_cast<std::size_t>(of.x.rows()));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

status fill(const array_set& from, const array_settings& settings, const array_labels* labels, dataset& into) {
  const bool tokens = into.input.is_numbers();
  if (from.test) {
    if (auto done = append_rows(from.train, all_rows(from.train), tokens, labels, into.train); !done) return done;
    return append_rows(*from.test, all_rows(*from.test), tokens, labels, into.test);
  }
  const auto rows =
    split_rows(into.name, static_cast<std::size_t>(from.train.x.rows()), settings.test_fraction, settings.seed);
  if (!rows) return rows.failure();
  if (auto done = append_rows(from.train, rows->train(), tokens, labels, into.train); !done) return done;
  return append_rows(from.train, rows->test(), tokens, labels, into.test);
}

result<dataset> to_dataset(const std::string& name, const array_set& arrays, const array_settings& settings) {
  if (auto good = check_set(arrays); !good) return good.failure();
  const auto &x = arrays.train.x, &y = arrays.train.y;
  if (settings.takes_tokens && x.array.is_floating())
    return wrong_array(x,
                       "has no tokens, which are whole numbers; convert it with astype('int32'), or use a network of "
                       "features");
  dataset data;
  data.name = name;
  data.input = input_spec(x, settings.takes_tokens);
  std::optional<array_labels> labels;
  const auto target_extents = extents_of_row(y.array);
  if (settings.takes_values) {
    data.target = {target_extents.empty() ? shape{1} : shape(target_extents)};
  } else {
    auto numbered = number_array_labels(arrays, settings.labels);
    if (!numbered) return numbered.failure();
    labels = std::move(*numbered);
    data.target = {shape(target_extents), dtype::i32, labels->numbering.classes};
    data.class_names = labels->numbering.names;
    data.notes = labels->numbering.notes;
  }
  if (auto done = fill(arrays, settings, labels ? &*labels : nullptr, data); !done) return done.failure();
  if (data.input.is_numbers())
    for (const auto* part : {&data.train, &data.test})
      data.input.categories =
        std::max(data.input.categories, *std::max_element(part->numbers.begin(), part->numbers.end()) + 1);
  return data;
}

// ---- where arrays are

class npz_arrays {
public:
  static result<npz_arrays> open(const std::string& file) {
    auto archive = zip_archive::open(file);
    if (!archive) return archive.failure();
    return npz_arrays(file, std::move(*archive));
  }

  bool has(const std::string& name) const { return archive_.has(name + ".npy"); }
  std::string names() const { return join_text(archive_.names()); }
  // Refers to this object.
  result<named_array> read(const std::string& name) {
    auto content = archive_.read(name + ".npy");
    if (!content) return content.failure();
    contents_.push_back(std::move(*content));
    const auto where = file_ + ": " + name;
    auto array = read_npy(contents_.back().bytes, where);
    if (!array) return array.failure();
    return named_array{where, std::move(*array)};
  }

private:
  npz_arrays(std::string file, zip_archive archive) : file_(std::move(file)), archive_(std::move(archive)) {}

  std::string file_;
  zip_archive archive_;
  std::deque<zip_archive::content> contents_;
};

class npy_files {
public:
  // Refers to this object.
  result<named_array> read(std::string_view name) {
    auto file = mapped_file::open(std::string(name));
    if (!file) return file.failure();
    auto array = read_npy(file->bytes(), file->path());
    if (!array) return array.failure();
    mapped_.push_back(std::move(*file));
    return named_array{mapped_.back().path(), std::move(*array)};
  }

private:
  std::deque<mapped_file> mapped_;
};

// ---- for a network that is trained

status append_known_labels(const named_array& y, const learned_data& known, sample_set& into) {
  if (y.array.is_floating()) return wrong_array(y, "has no labels, which are whole numbers");
  std::map<std::int64_t, std::string> places;
  if (auto done = collect_labels(y, places); !done) return done;
  std::vector<label> different;
  for (const auto& [value, place] : places)
    different.push_back({std::to_string(value), place, static_cast<double>(value)});
  const auto classes = classes_of(y.where, different, known);
  if (!classes) return classes.failure();
  std::unordered_map<std::int64_t, std::int32_t> class_of;
  for (std::size_t i = 0; i < different.size(); ++i)
    class_of[static_cast<std::int64_t>(*different[i].number)] = (*classes)[i];
  for (std::int64_t i = 0; i < y.array.elements(); ++i) into.labels.push_back(class_of.at(whole_at(y.array, i)));
  return ok();
}

status append_inputs(const named_array& x, bool tokens, sample_set& into) {
  into.count = x.rows();
  for (std::int64_t row = 0; row < x.rows(); ++row) {
    if (x.array.type == npy_array::kind::u8 && !tokens) {
      append_bytes(x, row, into.bytes);
      continue;
    }
    auto done = tokens ? append_tokens(x, row, into.numbers) : append_floats(x, row, into.floats);
    if (!done) return done;
  }
  return ok();
}

status append_targets(const named_array& y, const learned_data& known, sample_set& into) {
  if (y.elements_of_row() != known.target.elements())
    return wrong_array(y, "has " + std::to_string(y.elements_of_row()) + " targets a sample, the run's data had " +
                            std::to_string(known.target.elements()));
  if (known.target.is_numbers()) return append_known_labels(y, known, into);
  for (std::int64_t row = 0; row < y.rows(); ++row)
    if (auto done = append_floats(y, row, into.values); !done) return done;
  return ok();
}

// `y` null: there are no targets, or none are wanted.
result<dataset> to_known_samples(const std::string& name, const named_array& x, const named_array* y,
                                 const learned_data& known) {
  if (auto good = check_pair({x, y ? *y : x}); !good) return good.failure();
  const bool tokens = known.input.is_numbers();
  if (tokens && x.array.is_floating()) return wrong_array(x, "has no tokens, which are whole numbers");
  auto data = empty_dataset(name, input_spec(x, tokens), known);
  if (auto done = append_inputs(x, tokens, data.test); !done) return done.failure();
  if (tokens) data.input.categories = *std::max_element(data.test.numbers.begin(), data.test.numbers.end()) + 1;
  if (!y)
    fill_missing_targets(known, data.test);
  else if (auto done = append_targets(*y, known, data.test); !done)
    return done.failure();
  return data;
}

} // namespace

result<dataset> load_npz(const std::string& file, const array_settings& settings) {
  auto archive = npz_arrays::open(file);
  if (!archive) return archive.failure();
  const auto read_both = [&](const std::string& x, const std::string& y) -> result<array_pair> {
    auto inputs = archive->read(x);
    if (!inputs) return inputs.failure();
    auto targets = archive->read(y);
    if (!targets) return targets.failure();
    return array_pair{std::move(*inputs), std::move(*targets)};
  };
  const bool has_test = archive->has("x_test") || archive->has("y_test");
  for (const auto* name : {"x", "y", "x_test", "y_test"}) {
    if ((std::string_view(name).size() > 1 && !has_test) || archive->has(name)) continue;
    return error::data(file + ": has no array " + name + ", but " + archive->names() +
                       "; write it with numpy.savez(FILE, x=..., y=...), and x_test=..., y_test=...");
  }
  auto train = read_both("x", "y");
  if (!train) return train.failure();
  array_set arrays{std::move(*train), std::nullopt};
  if (has_test) {
    auto test = read_both("x_test", "y_test");
    if (!test) return test.failure();
    arrays.test = std::move(*test);
  }
  return to_dataset(file, arrays, settings);
}

result<dataset> load_npy(const std::string& files, const array_settings& settings) {
  const auto names = split_text(files, ',');
  if (names.size() != 2 && names.size() != 4)
    return error::setting("npy:" + files + ": " + std::to_string(names.size()) +
                          (names.size() == 1 ? " file" : " files") + "; expected npy:X,Y or npy:X,Y,X_TEST,Y_TEST");
  npy_files files_read;
  std::vector<named_array> arrays;
  for (const auto name : names) {
    auto array = files_read.read(name);
    if (!array) return array.failure();
    arrays.push_back(std::move(*array));
  }
  array_set set{{arrays[0], arrays[1]}, std::nullopt};
  if (arrays.size() == 4) set.test = array_pair{arrays[2], arrays[3]};
  return to_dataset(files, set, settings);
}

result<dataset> load_npz_as_learned(const std::string& file, const learned_data& known) {
  auto archive = npz_arrays::open(file);
  if (!archive) return archive.failure();
  const std::string suffix = archive->has("x_test") ? "_test" : "";
  for (const auto* name : {"x", "y"})
    if (!archive->has(name + suffix) && (*name == 'x' || known.wants_targets))
      return error::data(file + ": has no array " + name + suffix + ", but " + archive->names() +
                         "; write it with numpy.savez(FILE, x=...," + (known.wants_targets ? " y=...)" : ")"));
  auto x = archive->read("x" + suffix);
  if (!x) return x.failure();
  if (!known.wants_targets) return to_known_samples(file, *x, nullptr, known);
  auto y = archive->read("y" + suffix);
  if (!y) return y.failure();
  return to_known_samples(file, *x, &*y, known);
}

result<dataset> load_npy_as_learned(const std::string& files, const learned_data& known) {
  const auto names = split_text(files, ',');
  const bool without = names.size() == 1 && !known.wants_targets;
  if (!without && names.size() != 2 && names.size() != 4)
    return error::setting("npy:" + files + ": " + std::to_string(names.size()) +
                          (names.size() == 1 ? " file" : " files") + "; expected npy:X,Y" +
                          (known.wants_targets ? "" : ", or npy:X"));
  const auto first = names.size() == 4 ? std::size_t{2} : std::size_t{0};
  npy_files read;
  auto x = read.read(names[first]);
  if (!x) return x.failure();
  if (!known.wants_targets) return to_known_samples(files, *x, nullptr, known);
  auto y = read.read(names[first + 1]);
  if (!y) return y.failure();
  return to_known_samples(files, *x, &*y, known);
}

} // namespace syngrad
