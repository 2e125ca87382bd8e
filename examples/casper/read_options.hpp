// The settings of the CASPER runner as a command line, a JSON object and a person see them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "examples/casper/options.hpp"
#include "examples/common/cli.hpp"

namespace stx::casper {

/// The settings after --config and then --set, checked.
Options read_options(const CommonFlags& flags);
nlohmann::ordered_json options_json(const Options& options);
/// Every setting with its default value, one line each.
std::string options_help();

/// Settings as options_json() wrote them. Throws ArgumentError for what cannot be used.
Options options_from_json(const nlohmann::json& json, std::string_view where);

}  // namespace stx::casper
