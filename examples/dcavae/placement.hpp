// Places of spots and cells from a trained model, in a second stage or by its own network.
#pragma once

#include <optional>

#include "examples/common/train_job.hpp"
#include "examples/dcavae/positions.hpp"
#include "examples/dcavae/posterior.hpp"

namespace stx::dcavae {

/// The network that joint_positions trained with the rest, as measure_places() takes it.
template <class D>
struct JointPlaces {
  DcavaeModel<D>& model;
  Context<D>& context() { return model.context(); }
  Matrix<float> predict(const Matrix<float>& latents) { return model.place(latents); }
};

/// Places by the settings of the model; nothing when the data do not allow it (why_not_placed()).
template <class D>
std::optional<Placement> place_rows_of(DcavaeModel<D>& model, const Matrix<double>& coordinates,
                                       const ContextOptions& context, RunTools& tools) {
  const Options& options = model.options();
  PositionOptions stage;
  stage.epochs = options.position_epochs;
  stage.learning_rate = options.position_learning_rate;
  stage.batch_size = options.position_batch;
  stage.noise = options.position_noise;
  if (!why_not_placed(coordinates).empty()) return std::nullopt;
  try {
    const Latents spots = model.latents(Modality::spots), cells = model.latents(Modality::cells);
    const LatentPosterior of_spots{spots.mean, spots.sd}, of_cells{cells.mean, cells.sd};
    if (options.joint_positions) {
      JointPlaces<D> joint{model};
      return measure_places(joint, model.place_split(), model.place_scale(), of_spots, coordinates, of_cells, stage);
    }
    tools.progress.begin("positions", stage.epochs);
    return place_cells<D>(context, of_spots, coordinates, of_cells, stage,
                          [&](std::int64_t epoch, const EpochRecord&) { tools.progress.update(epoch); });
  } catch (const Interrupted& stop) {  // this stage is begun anew; all before it is kept
    tools.state.save();
    throw Interrupted(stx::detail::concat(stop.what(), "; saved to ", tools.state.path(), ". ", tools.resume_hint));
  }
}

}  // namespace stx::dcavae
