// What the SDM's pages say of each instruction of shape `vector`, lane by lane and slowly: written from the pages, without
// a look at the processor's own definitions. Operands are bytes, 16 of XMM registers and 8 of MMX registers.

import Testing

/// Lanes as numbers, with or without a sign.
func lanes(_ bytes: [UInt8], _ size: Int, signed: Bool = false) -> [Int] {
  stride(from: 0, to: bytes.count, by: size).map { start in
    let value = fromLittleEndian(bytes[start..<start + size])
    let unused = UInt64(64 - size * 8)
    return signed ? Int(Int64(bitPattern: value << unused) >> Int64(unused)) : Int(truncatingIfNeeded: value)
  }
}

/// The low bytes of numbers.
func bytes(_ lanes: [Int], _ size: Int) -> [UInt8] {
  lanes.flatMap { littleEndian(UInt64(bitPattern: Int64($0)), size) }
}

/// Bytes one after the other.
func joined(_ parts: ArraySlice<UInt8>...) -> [UInt8] { parts.flatMap { $0 } }

/// Products of neighbours, added up.
private func sumsOfPairs(_ x: [Int], _ y: [Int]) -> [Int] {
  stride(from: 0, to: x.count, by: 2).map { index in
    let first: Int = x[index] * y[index]
    let second: Int = x[index + 1] * y[index + 1]
    return first + second
  }
}

/// The four lanes that a control byte names.
private func selected(_ x: ArraySlice<Int>, _ control: Int) -> [Int] {
  (0..<4).map { x[x.startIndex + (control >> ($0 * 2) & 3)] }
}

private let zeros = [UInt8](repeating: 0, count: 16)

/// The nearest number of so many bytes.
func saturated(_ value: Int, _ size: Int, signed: Bool) -> Int {
  let range = 1 << (size * 8)
  return signed ? min(max(value, -range / 2), range / 2 - 1) : min(max(value, 0), range - 1)
}

/// A packed instruction: its encoding, its operands and its definition.
struct VectorDefinition: CustomTestStringConvertible, Sendable {
  /// Operands, result: destination, source, immediate, and XMM0.
  typealias Body = @Sendable (_ a: [UInt8], _ b: [UInt8], _ control: Int, _ xmm0: [UInt8]) -> [UInt8]

  var mnemonic: String
  /// Mandatory prefix of the XMM form, or nil.
  var prefix: UInt8?
  /// Map and opcode, from 0F on.
  var opcode: [UInt8]
  /// Whether there is an MMX form, without prefix.
  var hasMMX = false
  /// Whether there is an XMM form.
  var hasXMM = true
  /// Bytes of the memory operand of the XMM form, and of the MMX form; 0: register form only.
  var memory = 16
  var memoryMMX = 8
  /// Whether the register form exists.
  var hasRegister = true
  /// Whether the memory operand must be aligned.
  var isAligned: Bool { memory == 16 && !mayBeUnaligned }
  var mayBeUnaligned = false
  var hasControl = false
  var body: Body

  var testDescription: String { mnemonic }

  /// With an MMX form, and the XMM form under 66h.
  static func both(_ mnemonic: String, _ opcode: [UInt8], memoryMMX: Int = 8, _ body: @escaping Body) -> Self {
    Self(mnemonic: mnemonic, prefix: 0x66, opcode: [0x0F] + opcode, hasMMX: true, memoryMMX: memoryMMX, body: body)
  }

  /// Only for XMM registers.
  static func xmm(
    _ mnemonic: String, _ prefix: UInt8?, _ opcode: [UInt8], memory: Int = 16, _ body: @escaping Body
  ) -> Self {
    Self(mnemonic: mnemonic, prefix: prefix, opcode: [0x0F] + opcode, memory: memory, body: body)
  }

  /// With an immediate.
  func controlled() -> Self {
    var copy = self
    copy.hasControl = true
    return copy
  }

  func unaligned() -> Self {
    var copy = self
    copy.mayBeUnaligned = true
    return copy
  }

  func only(register: Bool = false) -> Self {
    var copy = self
    if register { copy.memory = 0 } else { copy.hasRegister = false }
    return copy
  }

  func onlyMMX() -> Self {
    var copy = self
    copy.hasXMM = false
    copy.hasMMX = true
    return copy
  }
}

// MARK: Forms of definitions

private func each(
  _ size: Int, signed: Bool = false, _ body: @escaping @Sendable (Int, Int) -> Int
) -> VectorDefinition.Body {
  { a, b, _, _ in
    bytes(zip(lanes(a, size, signed: signed), lanes(b, size, signed: signed)).map(body), size)
  }
}

private func horizontal(_ size: Int, saturates: Bool = false, _ body: @escaping @Sendable (Int, Int) -> Int)
  -> VectorDefinition.Body
{
  { a, b, _, _ in
    let x = lanes(a + b, size, signed: true)
    let sums = stride(from: 0, to: x.count, by: 2).map { body(x[$0], x[$0 + 1]) }
    return bytes(saturates ? sums.map { saturated($0, size, signed: true) } : sums, size)
  }
}

private func shift(_ size: Int, signed: Bool = false, _ body: @escaping @Sendable (Int, Int) -> Int)
  -> VectorDefinition.Body
{
  { a, b, _, _ in
    let count = fromLittleEndian(b[0..<8])
    return bytes(lanes(a, size, signed: signed).map { body($0, count > 64 ? 64 : Int(count)) }, size)
  }
}

private func shiftLeft(_ size: Int) -> VectorDefinition.Body {
  shift(size) { x, count in count >= size * 8 ? 0 : x << count }
}

private func shiftRight(_ size: Int) -> VectorDefinition.Body {
  shift(size) { x, count in
    count >= size * 8 ? 0 : Int(truncatingIfNeeded: UInt64(bitPattern: Int64(x)) >> UInt64(count))
  }
}

private func shiftArithmetic(_ size: Int) -> VectorDefinition.Body {
  shift(size, signed: true) { x, count in x >> min(count, size * 8 - 1) }
}

private func unpack(_ size: Int, high: Bool) -> VectorDefinition.Body {
  { a, b, _, _ in
    let (x, y) = (lanes(a, size), lanes(b, size))
    let half = x.count / 2
    return bytes((high ? half..<x.count : 0..<half).flatMap { [x[$0], y[$0]] }, size)
  }
}

private func pack(_ size: Int, signed: Bool) -> VectorDefinition.Body {
  { a, b, _, _ in
    bytes(lanes(a + b, size, signed: true).map { saturated($0, size / 2, signed: signed) }, size / 2)
  }
}

private func extend(_ from: Int, _ to: Int, signed: Bool) -> VectorDefinition.Body {
  { _, b, _, _ in bytes(Array(lanes(b, from, signed: signed).prefix(16 / to)), to) }
}

private func blend(_ size: Int) -> VectorDefinition.Body {
  { a, b, _, mask in
    let (x, y, m) = (lanes(a, size), lanes(b, size), lanes(mask, size, signed: true))
    return bytes(x.indices.map { m[$0] < 0 ? y[$0] : x[$0] }, size)
  }
}

private func blendControlled(_ size: Int) -> VectorDefinition.Body {
  { a, b, control, _ in
    let (x, y) = (lanes(a, size), lanes(b, size))
    return bytes(x.indices.map { control >> $0 & 1 == 1 ? y[$0] : x[$0] }, size)
  }
}

private func logic(_ body: @escaping @Sendable (Int, Int) -> Int) -> VectorDefinition.Body { each(1, body) }

private let moved: VectorDefinition.Body = { _, b, _, _ in b }

// MARK: The instructions

extension VectorDefinition {
  static let all: [VectorDefinition] =
    arithmetic + multiplications + across + comparisons + shifts + shuffles + moves + extensions

  static let arithmetic: [VectorDefinition] = [
    .both("PADDB", [0xFC], each(1) { $0 + $1 }), .both("PADDW", [0xFD], each(2) { $0 + $1 }),
    .both("PADDD", [0xFE], each(4) { $0 + $1 }), .both("PADDQ", [0xD4], each(8) { $0 &+ $1 }),
    .both("PSUBB", [0xF8], each(1) { $0 - $1 }), .both("PSUBW", [0xF9], each(2) { $0 - $1 }),
    .both("PSUBD", [0xFA], each(4) { $0 - $1 }), .both("PSUBQ", [0xFB], each(8) { $0 &- $1 }),
    .both("PADDUSB", [0xDC], each(1) { saturated($0 + $1, 1, signed: false) }),
    .both("PADDUSW", [0xDD], each(2) { saturated($0 + $1, 2, signed: false) }),
    .both("PSUBUSB", [0xD8], each(1) { saturated($0 - $1, 1, signed: false) }),
    .both("PSUBUSW", [0xD9], each(2) { saturated($0 - $1, 2, signed: false) }),
    .both("PADDSB", [0xEC], each(1, signed: true) { saturated($0 + $1, 1, signed: true) }),
    .both("PADDSW", [0xED], each(2, signed: true) { saturated($0 + $1, 2, signed: true) }),
    .both("PSUBSB", [0xE8], each(1, signed: true) { saturated($0 - $1, 1, signed: true) }),
    .both("PSUBSW", [0xE9], each(2, signed: true) { saturated($0 - $1, 2, signed: true) }),
    .both("PAVGB", [0xE0], each(1) { ($0 + $1 + 1) >> 1 }), .both("PAVGW", [0xE3], each(2) { ($0 + $1 + 1) >> 1 }),
    .both("PMINUB", [0xDA], each(1) { min($0, $1) }), .both("PMINSW", [0xEA], each(2, signed: true) { min($0, $1) }),
    .both("PMAXUB", [0xDE], each(1) { max($0, $1) }), .both("PMAXSW", [0xEE], each(2, signed: true) { max($0, $1) }),
    .xmm("PMINSB", 0x66, [0x38, 0x38], each(1, signed: true) { min($0, $1) }),
    .xmm("PMINSD", 0x66, [0x38, 0x39], each(4, signed: true) { min($0, $1) }),
    .xmm("PMINUW", 0x66, [0x38, 0x3A], each(2) { min($0, $1) }),
    .xmm("PMINUD", 0x66, [0x38, 0x3B], each(4) { min($0, $1) }),
    .xmm("PMAXSB", 0x66, [0x38, 0x3C], each(1, signed: true) { max($0, $1) }),
    .xmm("PMAXSD", 0x66, [0x38, 0x3D], each(4, signed: true) { max($0, $1) }),
    .xmm("PMAXUW", 0x66, [0x38, 0x3E], each(2) { max($0, $1) }),
    .xmm("PMAXUD", 0x66, [0x38, 0x3F], each(4) { max($0, $1) }),
    .both("PSIGNB", [0x38, 0x08], each(1, signed: true) { $1 < 0 ? -$0 : $1 == 0 ? 0 : $0 }),
    .both("PSIGNW", [0x38, 0x09], each(2, signed: true) { $1 < 0 ? -$0 : $1 == 0 ? 0 : $0 }),
    .both("PSIGND", [0x38, 0x0A], each(4, signed: true) { $1 < 0 ? -$0 : $1 == 0 ? 0 : $0 }),
    .both("PABSB", [0x38, 0x1C], each(1, signed: true) { abs($1 + $0 * 0) }),
    .both("PABSW", [0x38, 0x1D], each(2, signed: true) { abs($1 + $0 * 0) }),
    .both("PABSD", [0x38, 0x1E], each(4, signed: true) { abs($1 + $0 * 0) }),
    .both("PAND", [0xDB], logic { $0 & $1 }), .both("PANDN", [0xDF], logic { ~$0 & $1 }),
    .both("POR", [0xEB], logic { $0 | $1 }), .both("PXOR", [0xEF], logic { $0 ^ $1 }),
    .xmm("ANDPS", nil, [0x54], logic { $0 & $1 }), .xmm("ANDPD", 0x66, [0x54], logic { $0 & $1 }),
    .xmm("ANDNPS", nil, [0x55], logic { ~$0 & $1 }), .xmm("ANDNPD", 0x66, [0x55], logic { ~$0 & $1 }),
    .xmm("ORPS", nil, [0x56], logic { $0 | $1 }), .xmm("ORPD", 0x66, [0x56], logic { $0 | $1 }),
    .xmm("XORPS", nil, [0x57], logic { $0 ^ $1 }), .xmm("XORPD", 0x66, [0x57], logic { $0 ^ $1 }),
  ]

  static let multiplications: [VectorDefinition] = [
    .both("PMULLW", [0xD5], each(2, signed: true) { $0 * $1 }),
    .both("PMULHW", [0xE5], each(2, signed: true) { ($0 * $1) >> 16 }),
    .both("PMULHUW", [0xE4], each(2) { ($0 * $1) >> 16 }),
    .both("PMULHRSW", [0x38, 0x0B], each(2, signed: true) { ((($0 * $1) >> 14) + 1) >> 1 }),
    .xmm("PMULLD", 0x66, [0x38, 0x40], each(4, signed: true) { $0 * $1 }),
    .both("PMULUDQ", [0xF4]) { a, b, _, _ in
      let (x, y) = (lanes(a, 4), lanes(b, 4))
      return bytes(stride(from: 0, to: x.count, by: 2).map { x[$0] &* y[$0] }, 8)
    },
    .xmm("PMULDQ", 0x66, [0x38, 0x28]) { a, b, _, _ in
      let (x, y) = (lanes(a, 4, signed: true), lanes(b, 4, signed: true))
      return bytes([x[0] * y[0], x[2] * y[2]], 8)
    },
    .both("PMADDWD", [0xF5]) { a, b, _, _ in
      let (x, y) = (lanes(a, 2, signed: true), lanes(b, 2, signed: true))
      return bytes(sumsOfPairs(x, y), 4)
    },
    .both("PMADDUBSW", [0x38, 0x04]) { a, b, _, _ in
      let (x, y) = (lanes(a, 1), lanes(b, 1, signed: true))
      return bytes(sumsOfPairs(x, y).map { saturated($0, 2, signed: true) }, 2)
    },
  ]

  static let across: [VectorDefinition] = [
    .both("PHADDW", [0x38, 0x01], horizontal(2) { $0 + $1 }), .both("PHADDD", [0x38, 0x02], horizontal(4) { $0 + $1 }),
    .both("PHADDSW", [0x38, 0x03], horizontal(2, saturates: true) { $0 + $1 }),
    .both("PHSUBW", [0x38, 0x05], horizontal(2) { $0 - $1 }), .both("PHSUBD", [0x38, 0x06], horizontal(4) { $0 - $1 }),
    .both("PHSUBSW", [0x38, 0x07], horizontal(2, saturates: true) { $0 - $1 }),
    .both("PSADBW", [0xF6]) { a, b, _, _ in
      let differences = zip(lanes(a, 1), lanes(b, 1)).map { abs($0 - $1) }
      return bytes(
        stride(from: 0, to: a.count, by: 8).map { differences[$0..<$0 + 8].reduce(0, +) }, 8)
    },
    .xmm("PHMINPOSUW", 0x66, [0x38, 0x41]) { _, b, _, _ in
      let words = lanes(b, 2)
      let least = words.min() ?? 0
      return bytes([least, words.firstIndex(of: least) ?? 0, 0, 0, 0, 0, 0, 0], 2)
    },
    .xmm("MPSADBW", 0x66, [0x3A, 0x42]) { a, b, control, _ in
      let (x, y) = (lanes(a, 1), lanes(b, 1))
      let (first, second) = (control >> 2 & 1, control & 3)
      let sums = (0..<8).map { position -> Int in
        var sum = 0
        for index in 0..<4 { sum += abs(x[first * 4 + position + index] - y[second * 4 + index]) }
        return sum
      }
      return bytes(sums, 2)
    }.controlled(),
  ]

  static let comparisons: [VectorDefinition] = [
    .both("PCMPEQB", [0x74], each(1) { $0 == $1 ? -1 : 0 }), .both("PCMPEQW", [0x75], each(2) { $0 == $1 ? -1 : 0 }),
    .both("PCMPEQD", [0x76], each(4) { $0 == $1 ? -1 : 0 }),
    .xmm("PCMPEQQ", 0x66, [0x38, 0x29], each(8) { $0 == $1 ? -1 : 0 }),
    .both("PCMPGTB", [0x64], each(1, signed: true) { $0 > $1 ? -1 : 0 }),
    .both("PCMPGTW", [0x65], each(2, signed: true) { $0 > $1 ? -1 : 0 }),
    .both("PCMPGTD", [0x66], each(4, signed: true) { $0 > $1 ? -1 : 0 }),
    .xmm("PCMPGTQ", 0x66, [0x38, 0x37], each(8, signed: true) { $0 > $1 ? -1 : 0 }),
  ]

  static let shifts: [VectorDefinition] = [
    .both("PSLLW", [0xF1], shiftLeft(2)), .both("PSLLD", [0xF2], shiftLeft(4)), .both("PSLLQ", [0xF3], shiftLeft(8)),
    .both("PSRLW", [0xD1], shiftRight(2)), .both("PSRLD", [0xD2], shiftRight(4)), .both("PSRLQ", [0xD3], shiftRight(8)),
    .both("PSRAW", [0xE1], shiftArithmetic(2)), .both("PSRAD", [0xE2], shiftArithmetic(4)),
  ]

  /// Groups 12 to 14: opcode, digit, the definition by a register, and whether there is an MMX form.
  static let immediateShifts: [(mnemonic: String, opcode: UInt8, digit: UInt8, body: Body, hasMMX: Bool)] = [
    ("PSRLW", 0x71, 2, shiftRight(2), true), ("PSRAW", 0x71, 4, shiftArithmetic(2), true),
    ("PSLLW", 0x71, 6, shiftLeft(2), true), ("PSRLD", 0x72, 2, shiftRight(4), true),
    ("PSRAD", 0x72, 4, shiftArithmetic(4), true), ("PSLLD", 0x72, 6, shiftLeft(4), true),
    ("PSRLQ", 0x73, 2, shiftRight(8), true), ("PSLLQ", 0x73, 6, shiftLeft(8), true),
    (
      "PSRLDQ", 0x73, 3,
      { a, b, _, _ in
        let count = min(Int(b[0]), 16)
        return Array(a[count...]) + [UInt8](repeating: 0, count: count)
      }, false
    ),
    (
      "PSLLDQ", 0x73, 7,
      { a, b, _, _ in
        let count = min(Int(b[0]), 16)
        return [UInt8](repeating: 0, count: count) + Array(a[..<(16 - count)])
      }, false
    ),
  ]

  static let shuffles: [VectorDefinition] = [
    .both("PSHUFB", [0x38, 0x00]) { a, b, _, _ in b.map { $0 & 0x80 != 0 ? 0 : a[Int($0) % a.count] } },
    .both("PALIGNR", [0x3A, 0x0F]) { a, b, control, _ in
      let joined = b + a + [UInt8](repeating: 0, count: 256)
      return Array(joined[control..<control + a.count])
    }.controlled(),
    .xmm("PSHUFW", nil, [0x70]) { _, b, control, _ in
      let x = lanes(b, 2)
      return bytes(selected(x[...], control), 2)
    }.controlled().onlyMMX(),
    .xmm("PSHUFD", 0x66, [0x70]) { _, b, control, _ in
      let x = lanes(b, 4)
      return bytes(selected(x[...], control), 4)
    }.controlled(),
    .xmm("PSHUFLW", 0xF2, [0x70]) { _, b, control, _ in
      let x = lanes(b, 2)
      return bytes(selected(x[...], control) + x[4...], 2)
    }.controlled(),
    .xmm("PSHUFHW", 0xF3, [0x70]) { _, b, control, _ in
      let x = lanes(b, 2)
      return bytes(x[..<4] + selected(x[4...], control), 2)
    }.controlled(),
    .xmm("SHUFPS", nil, [0xC6]) { a, b, control, _ in
      let (x, y) = (lanes(a, 4), lanes(b, 4))
      return bytes([x[control & 3], x[control >> 2 & 3], y[control >> 4 & 3], y[control >> 6 & 3]], 4)
    }.controlled(),
    .xmm("SHUFPD", 0x66, [0xC6]) { a, b, control, _ in
      bytes([lanes(a, 8)[control & 1], lanes(b, 8)[control >> 1 & 1]], 8)
    }.controlled(),
    .both("PUNPCKLBW", [0x60], memoryMMX: 4, unpack(1, high: false)),
    .both("PUNPCKLWD", [0x61], memoryMMX: 4, unpack(2, high: false)),
    .both("PUNPCKLDQ", [0x62], memoryMMX: 4, unpack(4, high: false)),
    .xmm("PUNPCKLQDQ", 0x66, [0x6C], unpack(8, high: false)), .both("PUNPCKHBW", [0x68], unpack(1, high: true)),
    .both("PUNPCKHWD", [0x69], unpack(2, high: true)), .both("PUNPCKHDQ", [0x6A], unpack(4, high: true)),
    .xmm("PUNPCKHQDQ", 0x66, [0x6D], unpack(8, high: true)), .xmm("UNPCKLPS", nil, [0x14], unpack(4, high: false)),
    .xmm("UNPCKLPD", 0x66, [0x14], unpack(8, high: false)), .xmm("UNPCKHPS", nil, [0x15], unpack(4, high: true)),
    .xmm("UNPCKHPD", 0x66, [0x15], unpack(8, high: true)), .both("PACKSSWB", [0x63], pack(2, signed: true)),
    .both("PACKSSDW", [0x6B], pack(4, signed: true)), .both("PACKUSWB", [0x67], pack(2, signed: false)),
    .xmm("PACKUSDW", 0x66, [0x38, 0x2B], pack(4, signed: false)), .xmm("PBLENDVB", 0x66, [0x38, 0x10], blend(1)),
    .xmm("BLENDVPS", 0x66, [0x38, 0x14], blend(4)), .xmm("BLENDVPD", 0x66, [0x38, 0x15], blend(8)),
    .xmm("BLENDPS", 0x66, [0x3A, 0x0C], blendControlled(4)).controlled(),
    .xmm("BLENDPD", 0x66, [0x3A, 0x0D], blendControlled(8)).controlled(),
    .xmm("PBLENDW", 0x66, [0x3A, 0x0E], blendControlled(2)).controlled(),
    .xmm("INSERTPS", 0x66, [0x3A, 0x21]) { a, b, control, _ in
      var x = lanes(a, 4)
      x[control >> 4 & 3] = lanes(b, 4)[control >> 6 & 3]
      return bytes(x.indices.map { control >> $0 & 1 == 1 ? 0 : x[$0] }, 4)
    }.controlled().only(register: true),
    .xmm("INSERTPS", 0x66, [0x3A, 0x21], memory: 4) { a, b, control, _ in
      var x = lanes(a, 4)
      x[control >> 4 & 3] = lanes(b, 4)[0]
      return bytes(x.indices.map { control >> $0 & 1 == 1 ? 0 : x[$0] }, 4)
    }.controlled().only(),
  ]

  static let moves: [VectorDefinition] = [
    .xmm("MOVDQA", 0x66, [0x6F], moved), .xmm("MOVDQU", 0xF3, [0x6F], moved).unaligned(),
    .xmm("MOVAPS", nil, [0x28], moved), .xmm("MOVAPD", 0x66, [0x28], moved),
    .xmm("MOVUPS", nil, [0x10], moved).unaligned(), .xmm("MOVUPD", 0x66, [0x10], moved).unaligned(),
    .xmm("LDDQU", 0xF2, [0xF0], moved).unaligned().only(), .xmm("MOVNTDQA", 0x66, [0x38, 0x2A], moved).only(),
    .xmm("MOVQ", nil, [0x6F], moved).onlyMMX(),
    .xmm("MOVQ", 0xF3, [0x7E], memory: 8) { _, b, _, _ in joined(b[..<8], zeros[..<8]) },
    .xmm("MOVSS", 0xF3, [0x10]) { a, b, _, _ in joined(b[..<4], a[4...]) }.only(register: true),
    .xmm("MOVSS", 0xF3, [0x10], memory: 4) { _, b, _, _ in joined(b[..<4], zeros[..<12]) }.only(),
    .xmm("MOVSD", 0xF2, [0x10]) { a, b, _, _ in joined(b[..<8], a[8...]) }.only(register: true),
    .xmm("MOVSD", 0xF2, [0x10], memory: 8) { _, b, _, _ in joined(b[..<8], zeros[..<8]) }.only(),
    .xmm("MOVLPS", nil, [0x12], memory: 8) { a, b, _, _ in joined(b[..<8], a[8...]) }.only(),
    .xmm("MOVLPD", 0x66, [0x12], memory: 8) { a, b, _, _ in joined(b[..<8], a[8...]) }.only(),
    .xmm("MOVHPS", nil, [0x16], memory: 8) { a, b, _, _ in joined(a[..<8], b[..<8]) }.only(),
    .xmm("MOVHPD", 0x66, [0x16], memory: 8) { a, b, _, _ in joined(a[..<8], b[..<8]) }.only(),
    .xmm("MOVHLPS", nil, [0x12]) { a, b, _, _ in joined(b[8...], a[8...]) }.only(register: true),
    .xmm("MOVLHPS", nil, [0x16]) { a, b, _, _ in joined(a[..<8], b[..<8]) }.only(register: true),
    .xmm("MOVDDUP", 0xF2, [0x12], memory: 8) { _, b, _, _ in joined(b[..<8], b[..<8]) },
    .xmm("MOVSLDUP", 0xF3, [0x12]) { _, b, _, _ in joined(b[..<4], b[..<4], b[8..<12], b[8..<12]) },
    .xmm("MOVSHDUP", 0xF3, [0x16]) { _, b, _, _ in joined(b[4..<8], b[4..<8], b[12...], b[12...]) },
  ]

  static let extensions: [VectorDefinition] = [true, false].flatMap { signed in
    [(1, 2), (1, 4), (1, 8), (2, 4), (2, 8), (4, 8)].enumerated().map { index, sizes in
      .xmm(
        "\(signed ? "PMOVSX" : "PMOVZX") \(sizes.0) to \(sizes.1) bytes", 0x66,
        [0x38, UInt8((signed ? 0x20 : 0x30) + index)], memory: 16 * sizes.0 / sizes.1,
        extend(sizes.0, sizes.1, signed: signed))
    }
  }
}
