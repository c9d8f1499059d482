// Attention of every row of a step over its own keys and values: rotary positions and cache writes, then the heads.
//
// A row is one new token. What it sees lies in two runs of cache blocks: its prompt's, which the prompt's other samples
// share, and its own. Nothing here depends on the other rows, so a row's result is the same in any company.
#include "vectors.h"

#include <algorithm>
#include <vector>

namespace {

constexpr int BLOCK = LANES;  // positions in a cache block, one a lane
constexpr int CHUNK = 16;     // rows of one prompt that a thread takes together, to find its blocks still in cache

struct Row {
  int32_t prompt_block, prompt_length, own_block, own_length;
  int length() const { return prompt_length + own_length; }
};

struct Sizes {
  int64_t rows, heads, kv_heads, dim, blocks, window, threads;
  float scale, epsilon;
};

// One head of one row: normed (where the model norms its heads) and turned by its position (rotate-half form).
template <class Element>
void turn(const Element* from, const float* gain, const float* cosine, const float* sine, const Sizes& sizes,
          Element* to) {
  int64_t half = sizes.dim / 2;
  float factor = 1.0f;
  if (gain) {
    Floats squares = {};
    for (int64_t d = 0; d < sizes.dim; d += LANES) squares += load(from + d) * load(from + d);
    factor = 1.0f / std::sqrt(sum(squares) / float(sizes.dim) + sizes.epsilon);
  }
  for (int64_t d = 0; d < half; d += LANES) {
    Floats first = load(from + d) * factor, second = load(from + half + d) * factor;
    if (gain) first *= load(gain + d), second *= load(gain + half + d);
    Floats c = load(cosine + d), s = load(sine + d);
    store(to + d, first * c - second * s);
    store(to + half + d, second * c + first * s);
  }
}

// Keys lie as [dim / PER][position][PER] within a block and values as [position / PER][dim][PER], so that a vector is
// sixteen positions of one dimension there and sixteen dimensions of one position here.
template <class T>
void write(const typename T::Element* key, const typename T::Element* value, int lane, int64_t dim,
           typename T::Unit* key_block, typename T::Unit* value_block) {
  const typename T::Unit* units = (const typename T::Unit*)key;
  for (int64_t unit = 0; unit < dim / T::PER; unit++) key_block[unit * BLOCK + lane] = units[unit];
  for (int64_t d = 0; d < dim; d += LANES)
    T::put_lanes(value_block + lane / T::PER * dim + d, value + d, lane % T::PER);
}

template <class T, int G>
void dot_block(const typename T::Unit* keys, const typename T::Unit* queries, int64_t units, Floats* scores) {
  constexpr int CHAINS = G == 1 ? 4 : 2;  // sums that do not wait for one another
  Floats totals[G][CHAINS] = {};
  for (int64_t unit = 0; unit < units; unit += CHAINS)
    for (int chain = 0; chain < CHAINS; chain++)
      for (int g = 0; g < G; g++)
        totals[g][chain] =
            T::multiply_add(totals[g][chain], keys + (unit + chain) * BLOCK, queries[g * units + unit + chain]);
  for (int g = 0; g < G; g++) {
    scores[g] = totals[g][0] + totals[g][1];
    if constexpr (CHAINS == 4) scores[g] += totals[g][2] + totals[g][3];
  }
}

template <class T, int G, int V>
void weigh(const std::vector<const typename T::Unit*>& blocks, const typename T::Unit* weights, int64_t weight_stride,
           int64_t dim, int64_t offset, const float* inverse, typename T::Element* out) {
  constexpr int STEPS = BLOCK / T::PER;
  Floats totals[G][V] = {};
  for (size_t block = 0; block < blocks.size(); block++)
    for (int step = 0; step < STEPS; step++)
      for (int g = 0; g < G; g++)
        for (int v = 0; v < V; v++)
          totals[g][v] = T::multiply_add(totals[g][v], blocks[block] + step * dim + offset + v * LANES,
                                         weights[g * weight_stride + int64_t(block) * STEPS + step]);
  for (int g = 0; g < G; g++)
    for (int v = 0; v < V; v++) store(out + g * dim + offset + v * LANES, totals[g][v] * inverse[g]);
}

template <class T>
struct Scratch {
  std::vector<Floats> scores;
  std::vector<typename T::Element> weights;
  std::vector<const typename T::Unit*> key_blocks, value_blocks;
  std::vector<int> starts, counts;
};

// G query heads that share a key head, for one row.
template <class T, int G>
void attend(const Row& row, const typename T::Unit* keys, const typename T::Unit* values,
            const typename T::Element* queries, const Sizes& sizes, Scratch<T>& scratch, typename T::Element* out) {
  using Unit = typename T::Unit;
  int64_t units = sizes.dim / T::PER, block_units = units * BLOCK;
  int first = sizes.window ? std::max<int>(0, row.length() - int(sizes.window)) : 0;
  scratch.key_blocks.clear(), scratch.value_blocks.clear(), scratch.starts.clear(), scratch.counts.clear();
  auto gather = [&](int64_t block, int length, int before) {
    for (int done = 0; done < length; done += BLOCK, block++) {
      if (before + std::min(done + BLOCK, length) <= first) continue;  // outside the window
      scratch.key_blocks.push_back(keys + block * block_units);
      scratch.value_blocks.push_back(values + block * block_units);
      scratch.starts.push_back(before + done);
      scratch.counts.push_back(std::min(BLOCK, length - done));
    }
  };
  gather(row.prompt_block, row.prompt_length, 0);
  gather(row.own_block, row.own_length, row.prompt_length);

  int64_t count = int64_t(scratch.key_blocks.size());
  scratch.scores.resize(size_t(count * G));
  scratch.weights.resize(size_t(count * G * BLOCK));
  const Ints lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  Floats tops[G];
  for (auto& top : tops) top = all(-INFINITY);
  for (int64_t block = 0; block < count; block++) {
    Floats scores[G];
    dot_block<T, G>(scratch.key_blocks[size_t(block)], (const Unit*)queries, units, scores);
    Ints seen = (lane < scratch.counts[size_t(block)]) & (lane >= first - scratch.starts[size_t(block)]);
    for (int g = 0; g < G; g++) {
      Floats masked = seen ? scores[g] * sizes.scale : all(-INFINITY);
      scratch.scores[size_t(g * count + block)] = masked;
      tops[g] = larger(tops[g], masked);
    }
  }
  float inverse[G];
  for (int g = 0; g < G; g++) {
    float top = largest(tops[g]);
    Floats total = {};
    for (int64_t block = 0; block < count; block++) {
      Floats weight = exponential(scratch.scores[size_t(g * count + block)] - top);
      store(scratch.weights.data() + (g * count + block) * BLOCK, weight);
      total += weight;
    }
    inverse[g] = 1.0f / sum(total);
  }
  const Unit* weights = (const Unit*)scratch.weights.data();
  int64_t stride = count * BLOCK / T::PER, offset = 0;
  for (; offset + 4 * LANES <= sizes.dim; offset += 4 * LANES)
    weigh<T, G, 4>(scratch.value_blocks, weights, stride, sizes.dim, offset, inverse, out);
  for (; offset < sizes.dim; offset += 2 * LANES)
    weigh<T, G, 2>(scratch.value_blocks, weights, stride, sizes.dim, offset, inverse, out);
}

// A row's own blocks come from memory, its prompt's from cache: they are called for a row ahead.
template <class Unit>
void call_for(const Unit* blocks, const Row& row, int64_t units) {
  const char* from = (const char*)(blocks + int64_t(row.own_block) * units * BLOCK);
  for (int64_t line = 0; line < (row.own_length + BLOCK - 1) / BLOCK * units * BLOCK * 4; line += 64)
    __builtin_prefetch(from + line, 0, 2);
}

// Rows that a thread takes together, first to last: those of one prompt, for its blocks to stay in cache, and always
// all those that see one another's keys, which are the tokens of one prompt and the tokens of one own run.
std::vector<std::pair<int64_t, int64_t>> chunks_of(const Row* rows, int64_t count) {
  std::vector<std::pair<int64_t, int64_t>> chunks;
  for (int64_t start = 0, end; start < count; start = end) {
    for (end = start + 1; end < count && rows[end].prompt_block == rows[start].prompt_block; end++)
      if (end >= start + CHUNK && rows[end].own_block != rows[end - 1].own_block) break;
    chunks.emplace_back(start, end);
  }
  return chunks;
}

template <class T>
void attend_heads(int64_t taken, const Row& row, const typename T::Unit* keys, const typename T::Unit* values,
                  const typename T::Element* queries, const Sizes& sizes, Scratch<T>& scratch,
                  typename T::Element* out) {
  if (taken == 4) attend<T, 4>(row, keys, values, queries, sizes, scratch, out);
  if (taken == 3) attend<T, 3>(row, keys, values, queries, sizes, scratch, out);
  if (taken == 2) attend<T, 2>(row, keys, values, queries, sizes, scratch, out);
  if (taken == 1) attend<T, 1>(row, keys, values, queries, sizes, scratch, out);
}

template <class T>
void run(const typename T::Element* qkv, typename T::Element* out, typename T::Element* keys,
         typename T::Element* values, const Row* rows, const float* cosine, const float* sine, const float* query_gain,
         const float* key_gain, const Sizes& sizes) {
  using Element = typename T::Element;
  using Unit = typename T::Unit;
  int64_t dim = sizes.dim, units = dim / T::PER, group = sizes.heads / sizes.kv_heads;
  int64_t width = (sizes.heads + 2 * sizes.kv_heads) * dim;
  auto chunks = chunks_of(rows, sizes.rows);
#pragma omp parallel num_threads(int(sizes.threads))
  {
    Scratch<T> scratch;
    std::vector<Element> turned(static_cast<size_t>(dim * 4));
#pragma omp for schedule(dynamic)
    for (int64_t task = 0; task < int64_t(chunks.size()) * sizes.kv_heads; task++) {
      int64_t h = task % sizes.kv_heads;
      auto [start, end] = chunks[size_t(task / sizes.kv_heads)];
      Unit *head_keys = (Unit*)keys + h * sizes.blocks * BLOCK * units;
      Unit *head_values = (Unit*)values + h * sizes.blocks * BLOCK * units;
      for (int64_t r = start; r < end; r++) {
        const Row& row = rows[r];
        call_for(head_values, row, units);
        if (r + 1 < end) call_for(head_keys, rows[r + 1], units);
        const float *c = cosine + (row.length() - 1) * dim / 2, *s = sine + (row.length() - 1) * dim / 2;
        const Element* key = qkv + r * width + (sizes.heads + h) * dim;
        int place = (row.own_length ? row.own_length : row.prompt_length) - 1;
        int64_t at = ((row.own_length ? row.own_block : row.prompt_block) + place / BLOCK) * BLOCK * units;
        turn(key, key_gain, c, s, sizes, turned.data());
        write<T>(turned.data(), key + sizes.kv_heads * dim, place % BLOCK, dim, head_keys + at, head_values + at);
        for (int64_t g = 0, taken; g < group; g += taken) {
          taken = std::min<int64_t>(group - g, 4);
          int64_t head = h * group + g;
          for (int64_t i = 0; i < taken; i++)
            turn(qkv + r * width + (head + i) * dim, query_gain, c, s, sizes, turned.data() + i * dim);
          attend_heads<T>(taken, row, head_keys, head_values, turned.data(), sizes, scratch,
                          out + (r * sizes.heads + head) * dim);
        }
      }
    }
  }
}

}  // namespace

// `rows` is int32 (rows, 4); `keys` and `values` are one layer's (kv_heads, blocks, BLOCK * dim);
// `cosine` and `sine` are (positions, dim / 2); the gains are (dim,) or null.
#define ATTENTION(NAME, T)                                                                                            \
  extern "C" void NAME(const void* qkv, void* out, void* keys, void* values, const void* rows, const float* cosine,    \
                       const float* sine, const float* query_gain, const float* key_gain, int64_t count,               \
                       int64_t heads, int64_t kv_heads, int64_t dim, int64_t blocks, int64_t window,    \
                       float scale, float epsilon, int64_t threads) {                                                  \
    using E = T::Element;                                                                                              \
    run<T>((const E*)qkv, (E*)out, (E*)keys, (E*)values, (const Row*)rows, cosine, sine, query_gain, key_gain,         \
           {count, heads, kv_heads, dim, blocks, window, threads, scale, epsilon});                       \
  }

ATTENTION(attention_float32, FloatUnit)
ATTENTION(attention_bfloat16, PairUnit)
