// placeholder
#include "frontend/onnx/import/Node.h"
void tensel::onnx::addAttention(HandlerTable &) {}
