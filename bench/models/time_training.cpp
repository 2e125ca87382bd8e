#include "bench/models/time_training.hpp"

#include <cstdio>

#include "stx/core/error.hpp"

namespace stx::dcavae {

namespace {

void add(std::string& json, const char* name, const Seconds& values) {
  json += std::string(", \"") + name + "\": [";
  for (std::size_t i = 0; i < values.size(); ++i) {
    char text[32];
    std::snprintf(text, sizeof text, "%s%.9g", i == 0 ? "" : ", ", values[i]);
    json += text;
  }
  json += "]";
}

}  // namespace

Times time_training(const std::string& device, const ContextOptions& context, const Task& task, const Options& options,
                    const TimeOptions& counts) {
  require(device == "auto" || device == "cpu" || device == "cuda", "bench_dcavae", "no device is named '", device,
          "'; known are auto, cpu and cuda");
  if (device == "cuda" || (device == "auto" && cuda_at_hand())) return time_on_cuda(context, task, options, counts);
  return time_on_cpu(context, task, options, counts);
}

std::string to_json(const Times& t) {
  std::string json = "{\"device\": \"" + t.device + "\"";
  const auto number = [&](const char* name, auto value) {
    char text[64];
    std::snprintf(text, sizeof text, ", \"%s\": %.12g", name, static_cast<double>(value));
    json += text;
  };
  number("cells", t.cells);
  number("spots", t.spots);
  number("genes", t.genes);
  number("threads", t.threads);
  number("batch", t.batch);
  number("steps_per_epoch", t.steps_per_epoch);
  if (t.peak_device_bytes > 0) number("peak_device_mb", t.peak_device_bytes / (1 << 20));
  number("lists", t.lists);
  add(json, "steps", t.steps);
  add(json, "draws", t.draws);
  if (!t.epochs.empty()) add(json, "epochs", t.epochs);
  if (!t.positions.empty()) add(json, "positions", t.positions);
  return json + "}";
}

}  // namespace stx::dcavae
