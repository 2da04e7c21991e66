#include "runtime/data/image_folder.hpp"

#include "runtime/text.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <system_error>
#include <vector>

namespace syngrad {

namespace {

namespace fs = std::filesystem;

struct labelled_file {
  std::string path;
  std::int32_t label;
};

bool is_hidden(const fs::path& path) {
  return path.filename().string().starts_with('.');
}

// Names in a folder, sorted; folders or files.
result<std::vector<std::string>> entries_of(const fs::path& folder, bool folders) {
  std::vector<std::string> names;
  std::error_code failed;
  fs::directory_iterator entry(folder, failed);
  for (const fs::directory_iterator none; !failed && entry != none; entry.increment(failed)) {
    std::error_code unknown;
    if (!is_hidden(entry->path()) && entry->is_directory(unknown) == folders)
      names.push_back(entry->path().filename().string());
  }
  if (failed) return error::file(folder.string() + ": cannot be read (" + failed.message() + "); check the path");
  std::sort(names.begin(), names.end());
  return names;
}

// The files of each class.
result<std::vector<labelled_file>> files_of(const fs::path& folder, const std::vector<std::string>& classes) {
  std::vector<labelled_file> files;
  for (std::size_t label = 0; label < classes.size(); ++label) {
    const auto names = entries_of(folder / classes[label], false);
    if (!names) return names.failure();
    if (names->empty())
      return error::data((folder / classes[label]).string() + ": has no images; remove the folder, or fill it");
    for (const auto& name : *names)
      files.push_back({(folder / classes[label] / name).string(), static_cast<std::int32_t>(label)});
  }
  return files;
}

struct found_images {
  std::vector<std::string> classes;
  std::vector<labelled_file> train, test; // test empty: to be drawn
};

result<found_images> find_images(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored))
    return error::file(folder.string() + ": no such folder; give one with a folder of images for each class");
  const bool has_parts = fs::is_directory(folder / "train", ignored);
  const auto test_folder = fs::is_directory(folder / "test", ignored) ? folder / "test" : folder / "val";
  const auto train_folder = has_parts ? folder / "train" : folder;
  auto classes = entries_of(train_folder, true);
  if (!classes) return classes.failure();
  if (classes->size() < 2)
    return error::data(train_folder.string() + ": " + std::to_string(classes->size()) +
                       (classes->size() == 1 ? " folder" : " folders") +
                       " in it, at least 2 are expected: one with images for each class");
  auto train = files_of(train_folder, *classes);
  if (!train) return train.failure();
  found_images found{std::move(*classes), std::move(*train), {}};
  if (!has_parts || !fs::is_directory(test_folder, ignored)) return found;
  const auto tested = entries_of(test_folder, true);
  if (!tested) return tested.failure();
  if (*tested != found.classes)
    return error::data(test_folder.string() + ": has the classes " + join_text(*tested) + ", but " +
                       train_folder.string() + " has " + join_text(found.classes) + "; make them alike");
  auto test = files_of(test_folder, found.classes);
  if (!test) return test.failure();
  found.test = std::move(*test);
  return found;
}

// Size and colour of all images together.
struct common_form {
  image_size size;
  bool is_grey = true;
};

status look_at(const std::vector<labelled_file>& files, const image_settings& settings, const std::string& first,
               common_form& form) {
  for (const auto& [path, label] : files) {
    const auto header = read_image_header(path);
    if (!header) return header.failure();
    form.is_grey = form.is_grey && header->is_grey;
    if (settings.resize) {
      form.size = *settings.resize;
      continue;
    }
    if (form.size == image_size{}) form.size = header->size;
    if (header->size != form.size)
      return error::data(path + ": an image of " + header->size.to_string() + ", but " + first + " has " +
                         form.size.to_string() + " (height x width); make them alike, or use --resize " +
                         form.size.to_string());
  }
  return ok();
}

status fill_set(const std::vector<labelled_file>& files, const image_form& form, bool read, sample_set& into) {
  into.count = static_cast<std::int64_t>(files.size());
  into.image = form;
  for (const auto& [path, label] : files) {
    into.labels.push_back(label);
    into.files.push_back(path);
  }
  if (!read) return ok();
  const auto each = static_cast<std::size_t>(form.bytes());
  into.bytes.resize(files.size() * each);
  image_reader reader(form);
  for (std::size_t i = 0; i < files.size(); ++i)
    if (auto done = reader.read(files[i].path, into.bytes.data() + i * each); !done) return done;
  into.files.clear();
  return ok();
}

// Folders that are classes of the run; or all images that are there, where targets are not wanted.
result<std::vector<labelled_file>> known_images(const fs::path& folder, const learned_data& known) {
  auto folders = entries_of(folder, true);
  if (!folders) return folders.failure();
  std::vector<labelled_file> files;
  if (!known.wants_targets) {
    const auto loose = entries_of(folder, false);
    if (!loose) return loose.failure();
    for (const auto& name : *loose) files.push_back({(folder / name).string(), 0});
  }
  std::vector<label> labels;
  for (const auto& name : *folders) labels.push_back({name, {}, {}});
  std::vector<std::int32_t> classes(labels.size(), 0);
  if (known.wants_targets) {
    auto found = classes_of(folder.string(), labels, known);
    if (!found) return found.failure();
    classes = std::move(*found);
  }
  for (std::size_t i = 0; i < folders->size(); ++i) {
    const auto names = entries_of(folder / (*folders)[i], false);
    if (!names) return names.failure();
    for (const auto& name : *names) files.push_back({(folder / (*folders)[i] / name).string(), classes[i]});
  }
  if (files.empty())
    return error::data(folder.string() + ": no images in it" +
                       (known.wants_targets ? "; one folder with images for each class is expected" : ""));
  return files;
}

} // namespace

result<dataset> load_images_as_learned(const std::string& folder, const image_settings& settings,
                                       const learned_data& known) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return error::file(folder + ": no such folder; give one with images");
  fs::path part(folder);
  for (const auto* name : {"test", "val"})
    if (fs::is_directory(fs::path(folder) / "train", ignored) && fs::is_directory(fs::path(folder) / name, ignored)) {
      part = fs::path(folder) / name;
      break;
    }
  auto files = known_images(part, known);
  if (!files) return files.failure();
  common_form common;
  if (auto good = look_at(*files, settings, files->front().path, common); !good) return good.failure();
  const auto& takes = known.input.extents;
  const auto wanted = takes.rank() == 3 ? takes[2] : known.input.elements() / (common.size.height * common.size.width);
  const image_form form{common.size, common.is_grey && wanted != 3 ? 1 : 3, settings.resize.has_value()};
  auto data = empty_dataset(folder, {{form.size.height, form.size.width, form.channels}}, known);
  for (const auto& each : *files) data.test_names.push_back(each.path);
  const bool read = files->size() * static_cast<std::uint64_t>(form.bytes()) <= settings.most_bytes_read;
  if (auto done = fill_set(*files, form, read, data.test); !done) return done.failure();
  return data;
}

result<dataset> load_image_folder(const std::string& folder, const image_settings& settings) {
  auto found = find_images(folder);
  if (!found) return found.failure();
  const auto first = found->train.front().path;
  common_form common;
  for (const auto* part : {&found->train, &found->test})
    if (auto good = look_at(*part, settings, first, common); !good) return good.failure();
  const auto count = found->train.size() + found->test.size();
  if (count > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    return error::data(folder + ": more than 2^31 - 1 images; use a part of them");
  if (found->test.empty()) {
    const auto rows = split_rows(folder, found->train.size(), settings.test_fraction, settings.seed);
    if (!rows) return rows.failure();
    const auto all = std::move(found->train);
    found->train.clear();
    for (const auto row : rows->train()) found->train.push_back(all[static_cast<std::size_t>(row)]);
    for (const auto row : rows->test()) found->test.push_back(all[static_cast<std::size_t>(row)]);
  }
  const image_form form{common.size, common.is_grey ? 1 : 3, settings.resize.has_value()};
  dataset data;
  data.name = folder;
  data.input = {{form.size.height, form.size.width, form.channels}};
  data.target = label_spec(static_cast<std::int32_t>(found->classes.size()));
  data.class_names = found->classes;
  const bool read = count * static_cast<std::uint64_t>(form.bytes()) <= settings.most_bytes_read;
  if (auto done = fill_set(found->train, form, read, data.train); !done) return done.failure();
  if (auto done = fill_set(found->test, form, read, data.test); !done) return done.failure();
  return data;
}

} // namespace syngrad
