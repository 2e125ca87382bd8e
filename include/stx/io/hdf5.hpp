// The HDF5 layer as a whole.
#pragma once

#include "stx/io/hdf5_attribute.hpp"
#include "stx/io/hdf5_object.hpp"
#include "stx/io/hdf5_output.hpp"
#include "stx/io/hdf5_read.hpp"
#include "stx/io/hdf5_write.hpp"
