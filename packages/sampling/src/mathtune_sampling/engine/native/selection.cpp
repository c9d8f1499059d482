// Draws each row's next token from its logits, and its log-probability: selection.py's method, a row at a time in cache.
#include "vectors.h"

#include <algorithm>
#include <vector>

namespace {

constexpr int64_t STRETCH = 512;  // tokens whose weights are added up in float before a double takes them

// noise.py's counter-based uniform, bit for bit.
uint64_t mix(uint64_t state) {
  state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9ull;
  state = (state ^ (state >> 27)) * 0x94D049BB133111EBull;
  return state ^ (state >> 31);
}

double uniform(uint64_t key, uint64_t position, uint64_t draw) {
  uint64_t state = mix(key + 0x9E3779B97F4A7C15ull * (position + 1));
  state = mix(state + 0xD1342543DE82EF95ull * (draw + 1));
  return (double(state >> 12) + 0.5) * 0x1p-52;
}

struct Scratch {
  std::vector<float> logits, weights, ordered;
  std::vector<double> stretches;
};

double weigh(const float* logits, int64_t padded, float top, float inverse_temperature, float floor, Scratch& scratch) {
  double total = 0;
  scratch.stretches.clear();
  for (int64_t start = 0; start < padded; start += STRETCH) {
    Floats lanes = {};
    for (int64_t i = start; i < std::min(start + STRETCH, padded); i += LANES) {
      Floats logit = load(logits + i), weight = exponential((logit - top) * inverse_temperature);
      weight = logit >= floor ? weight : Floats{};
      store(scratch.weights.data() + i, weight);
      lanes += weight;
    }
    scratch.stretches.push_back(sum(lanes));
    total += scratch.stretches.back();
  }
  return total;
}

// The first token at which the sum of weights reaches `target`; never one of weight zero.
int64_t invert(const Scratch& scratch, int64_t padded, double target) {
  size_t stretch = 0;
  while (stretch + 1 < scratch.stretches.size() && target > scratch.stretches[stretch])
    target -= scratch.stretches[stretch++];
  int64_t last = -1;
  double reached = 0;
  for (int64_t i = int64_t(stretch) * STRETCH; i < padded; i++) {
    if (scratch.weights[size_t(i)] <= 0) continue;
    last = i;
    if ((reached += scratch.weights[size_t(i)]) >= target) return i;
  }
  // Rounding left the target a hair above the end: the last token that can be drawn.
  for (int64_t i = padded - 1; last < 0 && i >= 0; i--)
    if (scratch.weights[size_t(i)] > 0) last = i;
  return last;
}

double mass_above(const std::vector<float>& weights, int64_t padded, float bar) {
  double total = 0;
  for (int64_t start = 0; start < padded; start += STRETCH) {
    Floats lanes = {};
    for (int64_t i = start; i < std::min(start + STRETCH, padded); i += LANES) {
      Floats weight = load(weights.data() + i);
      lanes += weight > bar ? weight : Floats{};
    }
    total += sum(lanes);
  }
  return total;
}

// The nucleus itself, by a sort: for the few rows whose draws were all rejected.
double keep_nucleus(Scratch& scratch, int64_t padded, double limit) {
  scratch.ordered.assign(scratch.weights.begin(), scratch.weights.begin() + padded);
  std::sort(scratch.ordered.begin(), scratch.ordered.end(), std::greater<float>());
  double above = 0;
  float least = scratch.ordered[0];
  for (size_t i = 0, next; i < scratch.ordered.size() && above < limit && scratch.ordered[i] > 0; i = next) {
    least = scratch.ordered[i];
    for (next = i; next < scratch.ordered.size() && scratch.ordered[next] == least; next++) above += least;
  }
  double total = 0;
  for (size_t s = 0; s < scratch.stretches.size(); s++) {
    double stretch = 0;
    for (int64_t i = int64_t(s) * STRETCH; i < std::min(int64_t(s + 1) * STRETCH, padded); i++) {
      float& weight = scratch.weights[size_t(i)];
      if (weight < least) weight = 0;
      stretch += weight;
    }
    scratch.stretches[s] = stretch;
    total += stretch;
  }
  return total;
}

template <class Element>
void draw(const Element* logits, int64_t rows, int64_t vocabulary, const uint64_t* keys, const int64_t* positions,
          const uint8_t* greedy, float temperature, double top_p, float min_p, const float* floors, int64_t rejections, int64_t* tokens,
          double* logprobs, int64_t threads) {
  int64_t padded = (vocabulary + LANES - 1) / LANES * LANES;
#pragma omp parallel num_threads(int(threads))
  {
    Scratch scratch;
    scratch.logits.assign(size_t(padded), -INFINITY);
    scratch.weights.resize(size_t(padded));
#pragma omp for schedule(static)
    for (int64_t row = 0; row < rows; row++) {
      const Element* from = logits + row * vocabulary;
      float* z = scratch.logits.data();
      Floats tops = all(-INFINITY);
      Ints nothing = {};  // lanes that have seen a NaN
      int64_t whole = vocabulary / LANES * LANES;
      for (int64_t i = 0; i < whole; i += LANES) {
        Floats lanes = load(from + i);
        store(z + i, lanes);
        tops = larger(tops, lanes);
        nothing |= lanes != lanes;
      }
      float top = largest(tops);
      bool finite = !std::memchr(&nothing, 0xff, sizeof nothing);
      for (int64_t i = whole; i < vocabulary; i++) {
        z[i] = number(from[i]);
        top = std::max(top, z[i]);
        finite &= z[i] == z[i];
      }
      double all_weights = weigh(z, padded, top, 1.0f, -INFINITY, scratch), total = all_weights;
      if (!finite || !std::isfinite(top) || !std::isfinite(total)) {  // the caller says so
        tokens[row] = -1;
        continue;
      }
      int64_t token = -1;
      if (greedy[row]) {
        token = std::find(z, z + vocabulary, top) - z;
      } else {
        float floor = floors ? floors[row] : -INFINITY;
        if (min_p > 0) floor = std::max(floor, top + temperature * std::log(min_p));
        if (temperature != 1 || floor > -INFINITY) total = weigh(z, padded, top, 1.0f / temperature, floor, scratch);
        for (int64_t attempt = 0; token < 0; attempt++) {
          bool exact = attempt == rejections;
          if (exact) total = keep_nucleus(scratch, padded, top_p * total);
          token = invert(scratch, padded, uniform(keys[row], uint64_t(positions[row]), uint64_t(attempt)) * total);
          if (exact || top_p >= 1) break;
          if (mass_above(scratch.weights, padded, scratch.weights[size_t(token)]) >= top_p * total) token = -1;
        }
      }
      tokens[row] = token;
      logprobs[row] = double(z[token]) - double(top) - std::log(all_weights);
    }
  }
}

}  // namespace

// `floors` (rows,) is the least logit that may be drawn (top-k), or null; rows marked `greedy` take the most probable token.
#define SELECTION(SUFFIX, E)                                                                                          \
  extern "C" void draw_##SUFFIX(const void* logits, int64_t rows, int64_t vocabulary, const uint64_t* keys,            \
                                const int64_t* positions, const uint8_t* greedy, float temperature, double top_p,      \
                                float min_p, const float* floors, int64_t rejections, int64_t* tokens, double* logprobs,            \
                                int64_t threads) {                                                                     \
    draw((const E*)logits, rows, vocabulary, keys, positions, greedy, temperature, top_p, min_p, floors, rejections, tokens,   \
         logprobs, threads);                                                                                           \
  }

SELECTION(float32, float)
SELECTION(bfloat16, bfloat16)
