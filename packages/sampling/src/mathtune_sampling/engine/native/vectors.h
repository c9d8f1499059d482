// Sixteen lanes at a time, in the compiler's own vector types: one source for AVX-512, AVX2, NEON and plain code.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

typedef float Floats __attribute__((vector_size(64)));
typedef int32_t Ints __attribute__((vector_size(64)));
typedef uint32_t Words __attribute__((vector_size(64)));
typedef uint16_t Halves __attribute__((vector_size(32)));

constexpr int LANES = 16;

struct bfloat16 {
  uint16_t bits;
};

inline Floats all(float value) { return Floats{} + value; }

inline Floats load(const float* from) {
  Floats lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

inline Floats load(const bfloat16* from) {
  Halves halves;
  std::memcpy(&halves, from, sizeof halves);
  return (Floats)(__builtin_convertvector(halves, Words) << 16);
}

inline void store(float* to, Floats lanes) { std::memcpy(to, &lanes, sizeof lanes); }

inline void store(bfloat16* to, Floats lanes) {
  Words bits = (Words)lanes;
  bits += 0x7fff + ((bits >> 16) & 1);  // round to nearest, ties to even
  Halves halves = __builtin_convertvector(bits >> 16, Halves);
  std::memcpy(to, &halves, sizeof halves);
}

inline float number(float value) { return value; }

inline float number(bfloat16 value) {
  uint32_t bits = uint32_t(value.bits) << 16;
  float wide;
  std::memcpy(&wide, &bits, 4);
  return wide;
}

inline void put(float* to, float value) { *to = value; }

inline void put(bfloat16* to, float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  to->bits = uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

inline Floats larger(Floats a, Floats b) { return a > b ? a : b; }

inline float sum(Floats lanes) {  // always in this order
  float folded[LANES];
  std::memcpy(folded, &lanes, sizeof lanes);
  for (int half = LANES / 2; half; half /= 2)
    for (int lane = 0; lane < half; lane++) folded[lane] += folded[lane + half];
  return folded[0];
}

inline float largest(Floats lanes) {
  float top = lanes[0];
  for (int lane = 1; lane < LANES; lane++) top = lanes[lane] > top ? lanes[lane] : top;
  return top;
}

// e^x for x <= 0 to a few units in the last place; below -87 it is 0. Cephes' polynomial, the exponent put in by hand.
inline Floats exponential(Floats x) {
  Floats clipped = larger(x, all(-87.0f));
  Floats shifted = clipped * 1.44269504088896341f + 12582912.0f;  // adding 1.5 * 2^23 rounds to a whole number
  Floats whole = shifted - 12582912.0f;
  Floats rest = clipped - whole * 0.693359375f + whole * 2.12194440e-4f;
  Floats value = all(1.9875691500e-4f);
  value = value * rest + 1.3981999507e-3f;
  value = value * rest + 8.3334519073e-3f;
  value = value * rest + 4.1665795894e-2f;
  value = value * rest + 1.6666665459e-1f;
  value = value * rest + 5.0000001201e-1f;
  value = value * rest * rest + rest + 1.0f;
  Floats scaled = (Floats)((Ints)value + ((Ints)shifted << 23));
  return x < -87.0f ? Floats{} : scaled;
}

// A unit is four bytes: one float, or a pair of bfloat16 that are multiplied with another pair and added up.
struct FloatUnit {
  using Element = float;
  using Unit = float;
  static constexpr int PER = 1;  // elements in a unit
  static Floats multiply_add(Floats total, const Unit* lanes, Unit factor) { return total + load(lanes) * factor; }
  static void put_lanes(Unit* to, const Element* from, int) { std::memcpy(to, from, LANES * 4); }
};

struct PairUnit {
  using Element = bfloat16;
  using Unit = uint32_t;
  static constexpr int PER = 2;
  static Floats multiply_add(Floats total, const Unit* lanes, Unit factor) {
    Words left, right = Words{} + factor;
    std::memcpy(&left, lanes, sizeof left);
#if defined(__AVX512BF16__)
    return (Floats)_mm512_dpbf16_ps((__m512)total, (__m512bh)left, (__m512bh)right);
#else
    total += (Floats)(left << 16) * (Floats)(right << 16);
    return total + (Floats)(left & 0xffff0000u) * (Floats)(right & 0xffff0000u);
#endif
  }
  // Sixteen elements into one half of sixteen pairs.
  static void put_lanes(Unit* to, const Element* from, int half) {
    Halves halves;
    Words pairs;
    std::memcpy(&halves, from, sizeof halves);
    std::memcpy(&pairs, to, sizeof pairs);
    Words wide = __builtin_convertvector(halves, Words);
    pairs = half ? (pairs & 0xffffu) | wide << 16 : (pairs & 0xffff0000u) | wide;
    std::memcpy(to, &pairs, sizeof pairs);
  }
};
