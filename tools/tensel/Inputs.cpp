// Parses input specifications and makes the tensors.
#include "tools/tensel/Inputs.h"

#include "tools/tensel/Npy.h"
#include <charconv>
#include <cstring>

namespace tensel::cli {
namespace {
bool parseInteger(std::string_view text, int64_t &value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

bool parseNumber(std::string_view text, double &value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

/// splitmix64: the same numbers everywhere.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}
  uint64_t next() {
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

private:
  uint64_t state;
};

void fillRandom(HostTensor &tensor, uint64_t seed) {
  Random random(seed);
  for (int64_t k = 0; k < tensor.count(); ++k)
    if (tensor.isFloat())
      tensor.setNumber(k, 2 * random.unit() - 1);
    else
      tensor.setInteger(k, static_cast<int64_t>(random.next() % (tensor.type == TENSEL_BOOL ? 2 : 10)));
}

std::string fill(std::string_view value, HostTensor &tensor) {
  double number = 0;
  int64_t integer = 0;
  if (value == "zeros")
    return "";
  if (value == "iota") {
    for (int64_t k = 0; k < tensor.count(); ++k)
      tensor.setInteger(k, k);
    return "";
  }
  if (value.substr(0, 6) == "random") {
    if (value.size() > 6 && (value[6] != ':' || !parseInteger(value.substr(7), integer)))
      return "found '" + std::string(value) + "', expected random or random:SEED";
    fillRandom(tensor, static_cast<uint64_t>(integer));
    return "";
  }
  if (value == "ones")
    number = 1;
  else if (!parseNumber(value, number))
    return "found '" + std::string(value) + "', expected @FILE.npy, zeros, ones, random[:SEED], iota or a number";
  for (int64_t k = 0; k < tensor.count(); ++k)
    tensor.setNumber(k, number);
  return "";
}

/// "2x3xf32" or "f32".
bool parseType(std::string_view text, tensel_elem_type &type, std::vector<int64_t> &dims) {
  while (size_t cross = text.find('x') + 1) {
    int64_t dim;
    if (!parseInteger(text.substr(0, cross - 1), dim) || dim < 0)
      return false;
    dims.push_back(dim);
    text.remove_prefix(cross);
  }
  std::optional<tensel_elem_type> found = parseElemType(text);
  type = found.value_or(TENSEL_F32);
  return found.has_value();
}

std::string makeFromFile(const Signature &signature, const std::string &path, HostTensor &tensor) {
  if (std::string error = readNpy(path, tensor); !error.empty())
    return error;
  tensor.readAs(signature.type);
  return "";
}
} // namespace

std::string parseShapeRange(const std::string &text, ShapeRange &range) {
  size_t equal = text.rfind('=');
  std::string expected = "--shape: found '" + text + "', expected SYMBOL=VALUE or SYMBOL=MIN..MAX with 0 <= MIN <= MAX";
  if (equal == std::string::npos || equal == 0)
    return expected;
  range.symbol = text.substr(0, equal);
  std::string_view value = std::string_view(text).substr(equal + 1);
  size_t dots = value.find("..");
  bool valid = dots == std::string_view::npos
                   ? parseInteger(value, range.min) && parseInteger(value, range.max)
                   : parseInteger(value.substr(0, dots), range.min) && parseInteger(value.substr(dots + 2), range.max);
  return valid && range.min >= 0 && range.min <= range.max ? "" : expected;
}

std::string parseBytes(const std::string &text, const char *option, int64_t &bytes) {
  static constexpr std::pair<std::string_view, int64_t> units[] = {
      {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"K", 1000}, {"M", 1000 * 1000}, {"G", 1000 * 1000 * 1000}};
  std::string_view number = text;
  int64_t scale = 1;
  for (auto [unit, value] : units)
    if (number.size() > unit.size() && number.substr(number.size() - unit.size()) == unit) {
      number.remove_suffix(unit.size());
      scale = value;
      break;
    }
  if (parseInteger(number, bytes) && bytes > 0 && !__builtin_mul_overflow(bytes, scale, &bytes))
    return "";
  return std::string(option) + ": found '" + text + "', expected a number of bytes, such as 1000000, 64M or 64MiB";
}

std::string parseNamedText(const std::string &text, const char *option, NamedText &result) {
  size_t file = text.find("=@");
  size_t equal = file != std::string::npos ? file : text.find('=');
  if (equal == std::string::npos || equal == 0 || equal + 1 == text.size())
    return std::string(option) + ": found '" + text +
           "', expected NAME=" + (std::strcmp(option, "--input") == 0 ? "VALUE" : "@FILE.npy");
  result = {text.substr(0, equal), text.substr(equal + 1)};
  return "";
}

std::string makeInput(const Signature &signature, const std::string &spec, const std::map<std::string, int64_t> &sizes,
                      HostTensor &tensor) {
  std::string where = "input '" + signature.name + "': ";
  if (spec[0] == '@') {
    std::string error = makeFromFile(signature, spec.substr(1), tensor);
    return error.empty() ? error : where + error;
  }
  tensel_elem_type type = signature.type;
  std::vector<int64_t> dims;
  std::string_view value = spec;
  if (size_t equal = spec.find('='); equal != std::string::npos) {
    if (!parseType(value.substr(0, equal), type, dims))
      return where + "found '" + spec.substr(0, equal) + "', expected a shape and type such as 1x3xf32";
    value.remove_prefix(equal + 1);
  } else {
    for (size_t k = 0; k < signature.dims.size(); ++k) {
      auto size = sizes.find(signature.symbols[k]);
      if (signature.dims[k] < 0 && size == sizes.end())
        return where + "dim " + std::to_string(k) + (signature.symbols[k].empty() ? "" : " ('" + signature.symbols[k] + "')") +
               " is not fixed: give --shape " + (signature.symbols[k].empty() ? "SYMBOL" : signature.symbols[k]) +
               "=VALUE or --input " + signature.name + "=SHAPExTYPE=" + spec;
      dims.push_back(signature.dims[k] < 0 ? size->second : signature.dims[k]);
    }
  }
  if (!tensor.allocate(type, dims))
    return where + "not enough memory for " + formatType(type, dims);
  std::string error = fill(value, tensor);
  return error.empty() ? error : where + error;
}

std::string parseNamedTexts(const std::vector<std::string> &texts, const char *option, std::map<std::string, std::string> &to) {
  for (const std::string &text : texts) {
    NamedText named;
    if (std::string error = parseNamedText(text, option, named); !error.empty())
      return error;
    if (!to.emplace(named.name, named.text).second)
      return std::string(option) + ": found '" + named.name + "' twice";
  }
  return "";
}

std::string parseNamedFiles(const std::vector<std::string> &texts, const char *option, std::map<std::string, std::string> &to) {
  if (std::string error = parseNamedTexts(texts, option, to); !error.empty())
    return error;
  for (auto &[name, file] : to) {
    if (file[0] != '@' || file.size() == 1)
      return std::string(option) + ": found '" + name + "=" + file + "', expected " + name + "=@FILE.npy";
    file.erase(0, 1);
  }
  return "";
}

std::string quotedNames(const std::vector<Signature> &signatures) {
  std::string names;
  for (const Signature &signature : signatures)
    names += (names.empty() ? "'" : ", '") + signature.name + "'";
  return names.empty() ? "none" : names;
}

const Signature *findSignature(const std::vector<Signature> &signatures, const std::string &name) {
  for (const Signature &signature : signatures)
    if (signature.name == name)
      return &signature;
  return nullptr;
}

std::string InputSet::parse(const std::vector<std::string> &inputs, const std::vector<std::string> &shapes) {
  if (std::string error = parseNamedTexts(inputs, "--input", specs); !error.empty())
    return error;
  for (const std::string &text : shapes) {
    ShapeRange range;
    if (std::string error = parseShapeRange(text, range); !error.empty())
      return error;
    sizes[range.symbol] = range.max;
  }
  for (const auto &[name, spec] : specs)
    if (spec[0] == '@') {
      if (std::string error = readNpy(spec.substr(1), given[name]); !error.empty())
        return "input '" + name + "': " + error;
    } else if (spec.find('=') != std::string::npos) {
      Signature named;
      named.name = name;
      if (std::string error = makeInput(named, spec, {}, given[name]); !error.empty())
        return error;
    }
  return "";
}

std::string InputSet::make(const std::vector<Signature> &signatures, const std::map<std::string, int64_t> &fixedSizes,
                           std::vector<HostTensor> &tensors) {
  for (const auto &[name, spec] : specs)
    if (!findSignature(signatures, name))
      return "--input: found '" + name + "', expected one of " + quotedNames(signatures);
  std::string missing;
  for (const Signature &signature : signatures)
    if (!specs.count(signature.name))
      missing += (missing.empty() ? "'" : ", '") + signature.name + "' (" + formatType(signature.type, signature.dims) + ")";
  if (!missing.empty())
    return "no value for the inputs " + missing + ": give --input NAME=VALUE for each";
  sizes.insert(fixedSizes.begin(), fixedSizes.end());
  for (const Signature &signature : signatures) {
    HostTensor tensor;
    if (auto file = given.find(signature.name); file != given.end()) {
      tensor = std::move(file->second);
      tensor.readAs(signature.type);
    } else if (std::string error = makeInput(signature, specs[signature.name], sizes, tensor); !error.empty()) {
      return error;
    }
    tensors.push_back(std::move(tensor));
  }
  return "";
}
} // namespace tensel::cli
