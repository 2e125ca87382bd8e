// Where the time of DCAVAE's training goes, on one device: what is asked for, what was measured, and its JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "examples/dcavae/options.hpp"
#include "examples/dcavae/task.hpp"
#include "stx/core/context.hpp"

namespace stx::dcavae {

using Seconds = std::vector<double>;

struct TimeOptions {
  std::int64_t steps = 40;     ///< single steps, and draws of pairs
  std::int64_t epochs = 5;     ///< whole epochs
  std::int64_t positions = 0;  ///< epochs of the second stage
};

struct Times {
  std::string device;  ///< name of the processor
  std::int64_t cells = 0, spots = 0, genes = 0, threads = 0, batch = 0, steps_per_epoch = 0;
  double lists = 0;              ///< profiles and lists of partners of both sides
  Seconds steps;                 ///< single optimiser steps with given pairs, cells and spots as anchors in turn
  Seconds draws;                 ///< the pairs of one step
  Seconds epochs;                ///< whole epochs, pairs drawn within
  Seconds positions;             ///< epochs of the second stage
  double peak_device_bytes = 0;  ///< GPU: most that was in use beyond the driver's own; 0 on the CPU
};

/// Times training on all training genes of `task`.
Times time_on_cpu(const ContextOptions& context, const Task& task, const Options& options, const TimeOptions& counts);
Times time_on_cuda(const ContextOptions& context, const Task& task, const Options& options, const TimeOptions& counts);

/// Whether a GPU can be used.
bool cuda_at_hand();

/// On `device` cpu or cuda; auto takes a GPU where there is one.
/// @throws ArgumentError for another name, DeviceError where no GPU can be used.
Times time_training(const std::string& device, const ContextOptions& context, const Task& task, const Options& options,
                    const TimeOptions& counts);

/// One JSON object.
std::string to_json(const Times& times);

}  // namespace stx::dcavae
