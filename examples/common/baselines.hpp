// The references that stand beside every model: all have fit(inputs, targets) and predict(inputs).
//
// Trained on spots (the target genes of training spots are known): MeanBaseline, RidgeBaseline,
// KnnBaseline. Trained on single cells (true imputation): CellRidge, CellKnn, CellNearest.
#pragma once

#include "baselines_cell_knn.hpp"
#include "baselines_cell_nearest.hpp"
#include "baselines_cell_ridge.hpp"
#include "baselines_knn.hpp"
#include "baselines_mean.hpp"
#include "baselines_ridge.hpp"
