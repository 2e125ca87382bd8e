#include "examples/dcavae/read_options.hpp"

#include "examples/common/settings.hpp"

namespace stx::dcavae {

Options read_options(const CommonFlags& flags, bool imputes) {
  Options named;
  apply_flags(named, flags);
  Options options = Options::of_revision(named.revision, imputes);
  apply_flags(options, flags);
  options.check();
  return options;
}

nlohmann::ordered_json options_json(const Options& options) { return settings_to_json(options); }

std::string options_help(bool imputes) { return settings_help(Options::of_revision("sound", imputes)); }

Options options_from_json(const nlohmann::json& json, std::string_view where) {
  return settings_from_json<Options>(json, where);
}

}  // namespace stx::dcavae
