// What the user says on the command line about tensors and dims: NAME=SPEC and SYMBOL=RANGE, and the tensors they mean.
#ifndef TENSEL_TOOLS_TENSEL_INPUTS_H
#define TENSEL_TOOLS_TENSEL_INPUTS_H

#include "tools/tensel/HostTensor.h"
#include <map>

namespace tensel::cli {

/// SYMBOL=MIN..MAX or SYMBOL=VALUE.
struct ShapeRange {
  std::string symbol;
  int64_t min = 1, max = -1;
};

/// NAME=REST, split at the last '=' that is followed by what may stand there (names may contain '=').
struct NamedText {
  std::string name, text;
};

/// "64M" and the like: bytes, or with K, M, G (thousands) or KiB, MiB, GiB behind. Returns an empty string or one line.
std::string parseBytes(const std::string &text, const char *option, int64_t &bytes);

/// Each returns an empty string or what is wrong with the text.
std::string parseShapeRange(const std::string &text, ShapeRange &range);
std::string parseNamedText(const std::string &text, const char *option, NamedText &result);
/// Each name once.
std::string parseNamedTexts(const std::vector<std::string> &texts, const char *option, std::map<std::string, std::string> &to);
/// NAME=@FILE.npy each: the files by name.
std::string parseNamedFiles(const std::vector<std::string> &texts, const char *option, std::map<std::string, std::string> &to);

/// What a program takes or gives, without the model's lifetime.
struct Signature {
  std::string name;
  tensel_elem_type type = TENSEL_F32;
  std::vector<int64_t> dims;        ///< -1 where symbolic
  std::vector<std::string> symbols; ///< per dim, "" where none
};

/// The tensor that `spec` (@F.npy, zeros, ones, random[:SEED], iota, or SHAPExTYPE= and one of these or a number) makes for the
/// signature; `sizes` gives symbols their values.
std::string makeInput(const Signature &signature, const std::string &spec, const std::map<std::string, int64_t> &sizes,
                      HostTensor &tensor);

/// "'a', 'b'", or "none".
std::string quotedNames(const std::vector<Signature> &signatures);
const Signature *findSignature(const std::vector<Signature> &signatures, const std::string &name);

/// Tensors by input name, read before the program is compiled: integer inputs may decide shapes.
using GivenTensors = std::map<std::string, HostTensor>;

/// What --input and --shape say together. Each step returns an empty string or the one message.
class InputSet {
public:
  /// Makes the tensors whose sizes are said.
  std::string parse(const std::vector<std::string> &inputs, const std::vector<std::string> &shapes);
  /// Those whose sizes are said: files, and SHAPExTYPE= specs.
  const GivenTensors &known() const { return given; }
  /// One tensor for each signature; an input that is missing or unknown is an error. To be called once.
  std::string make(const std::vector<Signature> &signatures, const std::map<std::string, int64_t> &fixedSizes,
                   std::vector<HostTensor> &tensors);

private:
  std::map<std::string, std::string> specs;
  std::map<std::string, int64_t> sizes;
  GivenTensors given;
};

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_INPUTS_H
