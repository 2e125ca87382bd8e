#include "examples/casper/read_options.hpp"

#include "examples/common/settings.hpp"

namespace stx::casper {

Options read_options(const CommonFlags& flags) { return read_settings<Options>(flags); }

nlohmann::ordered_json options_json(const Options& options) { return settings_to_json(options); }

std::string options_help() { return settings_help<Options>(); }

Options options_from_json(const nlohmann::json& json, std::string_view where) {
  return settings_from_json<Options>(json, where);
}

}  // namespace stx::casper
