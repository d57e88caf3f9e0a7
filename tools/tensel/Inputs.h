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

/// Each returns an empty string or what is wrong with the text.
std::string parseShapeRange(const std::string &text, ShapeRange &range);
std::string parseNamedText(const std::string &text, const char *option, NamedText &result);

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

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_INPUTS_H
