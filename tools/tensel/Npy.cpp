// The .npy format: magic, version, header length, a Python dict literal, then the elements.
#include "tools/tensel/Npy.h"

#include "tools/tensel/Files.h"
#include <charconv>
#include <cstring>

namespace tensel::cli {
namespace {
struct TypeCode {
  const char *code;
  tensel_elem_type type;
};
constexpr TypeCode typeCodes[] = {{"<f8", TENSEL_F64},  {"<f4", TENSEL_F32}, {"<f2", TENSEL_F16}, {"|b1", TENSEL_BOOL},
                                  {"|i1", TENSEL_I8},   {"<i2", TENSEL_I16}, {"<i4", TENSEL_I32}, {"<i8", TENSEL_I64},
                                  {"|u1", TENSEL_U8},   {"<u2", TENSEL_U16}, {"<u4", TENSEL_U32}, {"<u8", TENSEL_U64},
                                  {"<V2", TENSEL_BF16}, {"|V2", TENSEL_BF16}};

/// A reader of the header's dict: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
class HeaderParser {
public:
  explicit HeaderParser(std::string_view text) : text(text) {}

  bool parse() {
    if (!eat('{'))
      return false;
    while (!eat('}')) {
      std::string_view key;
      if (!quoted(key) || !eat(':') || !value(key))
        return false;
      if (!eat(',')) {
        if (!eat('}'))
          return false;
        break;
      }
    }
    spaces();
    return text.empty() && hasType && hasOrder && hasShape;
  }

  std::string_view typeCode;
  bool fortran = false;
  std::vector<int64_t> dims;

private:
  void spaces() {
    while (!text.empty() && (text[0] == ' ' || text[0] == '\n' || text[0] == '\0'))
      text.remove_prefix(1);
  }
  bool eat(char wanted) {
    spaces();
    if (text.empty() || text[0] != wanted)
      return false;
    text.remove_prefix(1);
    return true;
  }
  bool word(std::string_view wanted) {
    spaces();
    if (text.substr(0, wanted.size()) != wanted)
      return false;
    text.remove_prefix(wanted.size());
    return true;
  }
  bool quoted(std::string_view &result) {
    spaces();
    if (text.empty() || (text[0] != '\'' && text[0] != '"'))
      return false;
    size_t end = text.find(text[0], 1);
    if (end == std::string_view::npos)
      return false;
    result = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    return true;
  }
  bool value(std::string_view key) {
    if (key == "descr")
      return hasType = quoted(typeCode);
    if (key == "fortran_order") {
      fortran = word("True");
      return hasOrder = fortran || word("False");
    }
    return key == "shape" && (hasShape = shape());
  }
  bool shape() {
    if (!eat('('))
      return false;
    while (!eat(')')) {
      spaces();
      int64_t dim = 0;
      auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), dim);
      if (error != std::errc() || dim < 0 || dims.size() == TENSEL_MAX_DIMS)
        return false;
      text.remove_prefix(static_cast<size_t>(end - text.data()));
      dims.push_back(dim);
      if (!eat(',')) {
        if (!eat(')'))
          return false;
        break;
      }
    }
    return true;
  }

  static constexpr size_t TENSEL_MAX_DIMS = 16;
  std::string_view text;
  bool hasType = false, hasOrder = false, hasShape = false;
};

/// Reorders column-major `bytes` into the tensor.
void copyFortran(const char *bytes, HostTensor &tensor) {
  size_t size = tensel_elem_type_size(tensor.type), rank = tensor.dims.size();
  std::vector<int64_t> index(rank, 0);
  for (int64_t k = 0; k < tensor.count(); ++k) {
    int64_t source = 0;
    for (size_t d = rank; d-- > 0;)
      source = source * tensor.dims[d] + index[d];
    std::memcpy(tensor.data() + static_cast<size_t>(k) * size, bytes + static_cast<size_t>(source) * size, size);
    for (size_t d = rank; d-- > 0;) {
      if (++index[d] < tensor.dims[d])
        break;
      index[d] = 0;
    }
  }
}
} // namespace

std::string parseNpy(std::string_view bytes, HostTensor &tensor) {
  constexpr std::string_view magic("\x93NUMPY", 6);
  if (bytes.substr(0, 6) != magic || bytes.size() < 10)
    return "not a .npy file (found " + std::to_string(bytes.size()) + " bytes without its signature)";
  unsigned version = static_cast<unsigned char>(bytes[6]);
  if (version < 1 || version > 3)
    return "found .npy version " + std::to_string(version) + ", expected 1 to 3";
  size_t lengthBytes = version == 1 ? 2 : 4, start = 8 + lengthBytes;
  if (bytes.size() < start)
    return "the .npy header is cut";
  size_t length = 0;
  for (size_t k = 0; k < lengthBytes; ++k)
    length |= static_cast<size_t>(static_cast<unsigned char>(bytes[8 + k])) << (8 * k);
  if (bytes.size() - start < length)
    return "the .npy header is cut: found " + std::to_string(bytes.size() - start) + " bytes, expected " + std::to_string(length);

  HeaderParser header(bytes.substr(start, length));
  if (!header.parse())
    return "the .npy header is malformed, expected descr, fortran_order and shape";
  const TypeCode *found = nullptr;
  for (const TypeCode &code : typeCodes)
    if (header.typeCode == code.code || (code.code[0] == '|' && header.typeCode.substr(1) == code.code + 1))
      found = &code;
  if (!found)
    return "found element type '" + std::string(header.typeCode) + "', expected a little-endian number type such as '<f4'";

  std::optional<int64_t> count = countElements(header.dims);
  size_t size = tensel_elem_type_size(found->type), room = bytes.size() - start - length;
  if (!count || static_cast<uint64_t>(*count) > room / size || static_cast<uint64_t>(*count) * size != room)
    return "found " + std::to_string(room) + " bytes of data, expected those of " + formatType(found->type, header.dims);
  if (!tensor.allocate(found->type, header.dims))
    return "not enough memory for " + formatType(found->type, header.dims);
  if (header.fortran && header.dims.size() > 1)
    copyFortran(bytes.data() + start + length, tensor);
  else if (room)
    std::memcpy(tensor.data(), bytes.data() + start + length, room);
  return "";
}

std::string readNpy(const std::string &path, HostTensor &tensor) {
  std::string bytes;
  if (std::string error = readFile(path, bytes); !error.empty())
    return error;
  std::string error = parseNpy(bytes, tensor);
  return error.empty() ? error : "'" + path + "': " + error;
}

std::string formatNpyHeader(tensel_elem_type type, const std::vector<int64_t> &dims) {
  std::string code;
  for (const TypeCode &entry : typeCodes)
    if (entry.type == type && code.empty())
      code = entry.code;
  std::string dict = "{'descr': '" + code + "', 'fortran_order': False, 'shape': (";
  for (size_t k = 0; k < dims.size(); ++k)
    dict += (k ? " " : "") + std::to_string(dims[k]) + (k + 1 < dims.size() || dims.size() == 1 ? "," : "");
  dict += "), }";
  dict.append(64 - (10 + dict.size() + 1) % 64, ' ');
  dict += '\n';
  std::string header("\x93NUMPY\1\0", 8);
  header += static_cast<char>(dict.size() & 255);
  header += static_cast<char>(dict.size() >> 8);
  return header + dict;
}

std::string writeNpy(const std::string &path, tensel_elem_type type, const std::vector<int64_t> &dims, const void *data) {
  std::string header = formatNpyHeader(type, dims);
  size_t size = static_cast<size_t>(countElements(dims).value_or(0)) * tensel_elem_type_size(type);
  return writeFile(path, {std::string_view(header), std::string_view(static_cast<const char *>(data), size)});
}
} // namespace tensel::cli
