// Reads the protobuf wire format; see Wire.h. Every step checks the bytes that
// are left before it moves, and the first error empties the reader.
#include "frontend/onnx/Wire.h"

#include <cstring>

using namespace tensel::onnx;

WireReader::WireReader(Bytes bytes, ReadState &state, const char *what, int depth)
    : cur(bytes.data()), end(bytes.data() + bytes.size()), state(&state), what(what), depth(depth) {
  if (depth > maxDepth)
    fail("messages nested deeper than " + std::to_string(maxDepth));
}

void WireReader::fail(const std::string &text) {
  if (state->error.empty())
    state->error = text + " at byte " + std::to_string(offset()) + " (in " + what + ")";
  cur = end;
  pending = false;
}

void WireReader::charge(uint64_t size) {
  if (size > state->budget) {
    state->budget = 0;
    return fail("more small messages than a model of this size can hold");
  }
  state->budget -= size;
}

uint64_t WireReader::rawVarint() {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (cur == end) {
      fail("file cut inside a number");
      return 0;
    }
    uint8_t byte = *cur++;
    if (shift == 63 && byte > 1) {
      fail("number wider than 64 bits");
      return 0;
    }
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (!(byte & 0x80))
      return value;
  }
  fail("number wider than 64 bits");
  return 0;
}

Bytes WireReader::rawBytes(uint64_t size) {
  if (size > left()) {
    fail("field " + std::to_string(number) + " needs " + std::to_string(size) + " bytes, found " + std::to_string(left()));
    return {};
  }
  Bytes result(cur, size);
  cur += size;
  return result;
}

bool WireReader::next() {
  if (pending) {
    // The caller does not know this field: step over it.
    pending = false;
    switch (type) {
    case WireType::Varint:
      rawVarint();
      break;
    case WireType::Fixed64:
      rawBytes(8);
      break;
    case WireType::Fixed32:
      rawBytes(4);
      break;
    case WireType::Length:
      rawBytes(rawVarint());
      break;
    }
  }
  if (!ok() || cur == end)
    return false;
  uint64_t key = rawVarint();
  if (!ok())
    return false;
  uint64_t wire = key & 7;
  if (key >> 32 || key >> 3 == 0) {
    fail("bad field number " + std::to_string(key >> 3));
    return false;
  }
  number = static_cast<uint32_t>(key >> 3);
  if (wire != 0 && wire != 1 && wire != 2 && wire != 5) {
    fail("field " + std::to_string(number) + " has wire type " + std::to_string(wire) + ", expected 0, 1, 2 or 5");
    return false;
  }
  type = static_cast<WireType>(wire);
  pending = true;
  return true;
}

bool WireReader::expect(WireType wanted) {
  if (!pending)
    return false;
  if (type != wanted) {
    fail("field " + std::to_string(number) + " has wire type " + std::to_string(static_cast<int>(type)) + ", expected " +
         std::to_string(static_cast<int>(wanted)));
    return false;
  }
  pending = false;
  return true;
}

uint64_t WireReader::varint() { return expect(WireType::Varint) ? rawVarint() : 0; }

int32_t WireReader::int32() {
  int64_t value = int64();
  if (value < INT32_MIN || value > INT32_MAX) {
    fail("field " + std::to_string(number) + " holds " + std::to_string(value) + ", expected a 32-bit number");
    return 0;
  }
  return static_cast<int32_t>(value);
}

float WireReader::float32() {
  float value = 0;
  if (expect(WireType::Fixed32))
    if (Bytes raw = rawBytes(4); raw.size() == 4)
      std::memcpy(&value, raw.data(), 4);
  return value;
}

Bytes WireReader::bytes() {
  if (!expect(WireType::Length))
    return {};
  uint64_t size = rawVarint();
  return ok() ? rawBytes(size) : Bytes{};
}

std::string_view WireReader::string() {
  Bytes raw = bytes();
  return {reinterpret_cast<const char *>(raw.data()), raw.size()};
}

WireReader WireReader::message(const char *name) {
  Bytes raw = bytes();
  if (raw.data() == nullptr)
    raw = Bytes(end, size_t(0));
  return WireReader(raw, *state, name, depth + 1);
}

void WireReader::repeated(std::vector<int64_t> &out) {
  if (pending && type == WireType::Varint) {
    charge(sizeof(int64_t));
    out.push_back(int64());
    return;
  }
  WireReader packed = message(what);
  while (packed.ok() && packed.cur != packed.end) {
    charge(sizeof(int64_t));
    out.push_back(static_cast<int64_t>(packed.rawVarint()));
  }
}

void WireReader::repeated(std::vector<int32_t> &out) {
  std::vector<int64_t> wide;
  repeated(wide);
  for (int64_t value : wide) {
    // Writers store unsigned 32-bit patterns here too.
    if (value < INT32_MIN || value > UINT32_MAX)
      return fail("field " + std::to_string(number) + " holds " + std::to_string(value) + ", expected a 32-bit number");
    out.push_back(static_cast<int32_t>(value));
  }
}

void WireReader::repeatedFixed(unsigned width, Bytes &view, std::vector<uint8_t> &out) {
  Bytes run;
  if (pending && type == WireType::Length) {
    run = bytes();
    if (run.size() % width)
      return fail("field " + std::to_string(number) + " holds " + std::to_string(run.size()) + " bytes, expected a multiple of " +
                  std::to_string(width));
    if (view.empty() && out.empty()) {
      view = run;
      return;
    }
  } else if (expect(width == 4 ? WireType::Fixed32 : WireType::Fixed64)) {
    run = rawBytes(width);
  }
  charge(run.size());
  if (!ok())
    return;
  if (out.empty())
    out.assign(view.begin(), view.end());
  out.insert(out.end(), run.begin(), run.end());
}

void WireReader::repeated(std::vector<float> &out) {
  Bytes view;
  std::vector<uint8_t> bytes;
  repeatedFixed(4, view, bytes);
  Bytes all = bytes.empty() ? view : Bytes(bytes);
  charge(all.size());
  if (!ok() || all.empty())
    return;
  size_t old = out.size();
  out.resize(old + all.size() / 4);
  std::memcpy(out.data() + old, all.data(), all.size());
}
