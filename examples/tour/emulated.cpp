#include "zinb_autoencoder.cu"
