// Settings of a runner as JSON, as `--config FILE.json` and as `--set key=value`.
//
// A settings struct lists its fields once: `template <class F> void visit(F&& f)` calls
// f(name, field, help) for each; fields are integers, doubles, booleans or strings.
#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "examples/common/cli.hpp"
#include "stx/core/error.hpp"

namespace stx {

template <class S>
nlohmann::ordered_json settings_to_json(S settings) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  settings.visit([&](const char* name, auto& field, const char*) { json[name] = field; });
  return json;
}

/// "name = default value: help", one line each.
template <class S>
std::string settings_help(S defaults = {}) {
  std::string text;
  defaults.visit([&](const char* name, auto& field, const char* help) {
    text += detail::concat("  ", name, " = ", nlohmann::json(field).dump(), ": ", help, "\n");
  });
  return text;
}

/// Sets one field from a JSON value. Throws ArgumentError for an unknown name (all names are
/// listed) or a value of the wrong kind.
template <class S>
void set_setting(S& settings, const std::string& key, const nlohmann::json& value, std::string_view where) {
  bool known = false;
  std::string names;
  settings.visit([&](const char* name, auto& field, const char*) {
    names += (names.empty() ? "" : ", ") + std::string(name);
    if (key != name) return;
    known = true;
    using Field = std::remove_reference_t<decltype(field)>;
    bool fits = false;
    if constexpr (std::is_same_v<Field, bool>) {
      fits = value.is_boolean();
    } else if constexpr (std::is_integral_v<Field>) {
      fits = value.is_number_integer();
    } else if constexpr (std::is_floating_point_v<Field>) {
      fits = value.is_number();
    } else {
      fits = value.is_string();
    }
    require(fits, where, "setting '", key, "' cannot be ", value.dump(), "; expected a value such as ",
            nlohmann::json(field).dump());
    field = value.get<Field>();
  });
  require(known, where, "unknown setting '", key, "'; known are ", names);
}

/// Applies an object of settings.
template <class S>
void apply_settings(S& settings, const nlohmann::json& object, std::string_view where) {
  require(object.is_object(), where, "settings must be a JSON object such as {\"batch_size\": 512}");
  for (const auto& [key, value] : object.items()) set_setting(settings, key, value, where);
}

/// Applies a JSON file of settings.
template <class S>
void apply_settings_file(S& settings, const std::string& path) {
  require<DataError>(!std::filesystem::is_directory(path), path, "is a folder; expected a JSON file of settings");
  std::ifstream in(path);
  require<DataError>(in.good(), path, "cannot be opened for reading");
  const nlohmann::json json = nlohmann::json::parse(in, nullptr, false);
  require<DataError>(!json.is_discarded(), path, "is not valid JSON");
  apply_settings(settings, json, path);
}

/// Applies one "key=value". The value of a setting that is text is taken as it stands, that of others is read as JSON.
template <class S>
void apply_assignment(S& settings, const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  require(equals != std::string::npos && equals > 0, "--set", "expected key=value, got '", assignment, "'");
  const std::string text = assignment.substr(equals + 1);
  const std::string key = assignment.substr(0, equals);
  nlohmann::json value = nlohmann::json::parse(text, nullptr, false);
  bool is_text = false;  // a column of labels may be called 1
  settings.visit([&](const char* name, const auto& field, const char*) {
    is_text = is_text || (key == name && std::is_same_v<decltype(field), const std::string&>);
  });
  if (value.is_discarded() || (is_text && !value.is_string())) value = text;
  set_setting(settings, key, value, "--set");
}

/// Applies --config and then --set.
template <class S>
void apply_flags(S& settings, const CommonFlags& flags) {
  if (!flags.config.empty()) apply_settings_file(settings, flags.config);
  for (const std::string& assignment : flags.sets) apply_assignment(settings, assignment);
}

/// The settings after --config and then --set, checked.
template <class S>
S read_settings(const CommonFlags& flags) {
  S settings;
  apply_flags(settings, flags);
  settings.check();
  return settings;
}

/// The settings of a JSON object, checked.
template <class S>
S settings_from_json(const nlohmann::json& object, std::string_view where) {
  S settings;
  apply_settings(settings, object, where);
  settings.check();
  return settings;
}

}  // namespace stx
