// What stands between a layer's matrix products: the residual sum with its norm, and the gated activation.
#include "vectors.h"

namespace {

// residual += delta; out = residual / rms(residual) * gain. The residual stays in float32 whatever the weights are.
template <class Element>
void add_rms_norm(float* residual, const Element* delta, const float* gain, Element* out, int64_t rows, int64_t width,
                  float epsilon, int64_t threads) {
  int64_t whole = width / LANES * LANES;
#pragma omp parallel for schedule(static) num_threads(int(threads))
  for (int64_t row = 0; row < rows; row++) {
    float* x = residual + row * width;
    const Element* d = delta ? delta + row * width : nullptr;
    Floats lanes = {};
    for (int64_t i = 0; i < whole; i += LANES) {
      Floats value = load(x + i);
      if (d) store(x + i, value += load(d + i));
      lanes += value * value;
    }
    float squares = sum(lanes);
    for (int64_t i = whole; i < width; i++) {
      if (d) x[i] += number(d[i]);
      squares += x[i] * x[i];
    }
    float factor = 1.0f / std::sqrt(squares / float(width) + epsilon);
    for (int64_t i = 0; i < whole; i += LANES) store(out + row * width + i, load(x + i) * factor * load(gain + i));
    for (int64_t i = whole; i < width; i++) put(out + row * width + i, x[i] * factor * gain[i]);
  }
}

// out = silu(gate) * up, for rows of gate and up side by side.
template <class Element>
void gated_silu(const Element* gate_up, Element* out, int64_t rows, int64_t width, int64_t threads) {
  int64_t whole = width / LANES * LANES;
#pragma omp parallel for schedule(static) num_threads(int(threads))
  for (int64_t row = 0; row < rows; row++) {
    const Element *gate = gate_up + row * 2 * width, *up = gate + width;
    for (int64_t i = 0; i < whole; i += LANES) {
      Floats g = load(gate + i), falling = exponential(g < 0.0f ? g : -g);  // e^-|g|
      Floats share = (g < 0.0f ? falling : all(1.0f)) / (1.0f + falling);
      store(out + row * width + i, g * share * load(up + i));
    }
    for (int64_t i = whole; i < width; i++) {
      float g = number(gate[i]);
      put(out + row * width + i, g / (1.0f + std::exp(-g)) * number(up[i]));
    }
  }
}

}  // namespace

#define ELEMENTWISE(SUFFIX, E)                                                                                       \
  extern "C" void add_rms_norm_##SUFFIX(float* residual, const void* delta, const float* gain, void* out, int64_t rows, \
                                        int64_t width, float epsilon, int64_t threads) {                               \
    add_rms_norm(residual, (const E*)delta, gain, (E*)out, rows, width, epsilon, threads);                             \
  }                                                                                                                    \
  extern "C" void gated_silu_##SUFFIX(const void* gate_up, void* out, int64_t rows, int64_t width, int64_t threads) {  \
    gated_silu((const E*)gate_up, (E*)out, rows, width, threads);                                                      \
  }

ELEMENTWISE(float32, float)
ELEMENTWISE(bfloat16, bfloat16)
