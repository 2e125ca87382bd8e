// The settings of the DCAVAE runner as a command line, a JSON object and a person see them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "examples/common/cli.hpp"
#include "examples/dcavae/options.hpp"

namespace stx::dcavae {

/// The settings after --config and then --set, checked. Whichever of them names a revision last, all its
/// settings come first and the others after it.
/// `imputes`: see Options::of_revision().
Options read_options(const CommonFlags& flags, bool imputes = false);
nlohmann::ordered_json options_json(const Options& options);
/// Every setting with its default value, one line each. `imputes`: see Options::of_revision().
std::string options_help(bool imputes);

/// Settings as options_json() wrote them. Throws ArgumentError for what cannot be used.
Options options_from_json(const nlohmann::json& json, std::string_view where);

}  // namespace stx::dcavae
