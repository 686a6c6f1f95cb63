import MMU

/// A VGA's registers, and those of Bochs' VBE extensions at ports 1CEh and 1CFh. The window A0000h-BFFFFh is plain memory, as
/// text modes and mode 13h see it, but while software sees planes (`VGA+Planes.swift`).
struct VGA: Sendable {
  /// Bytes of the linear frame buffer.
  static let memorySize = 16 << 20

  private var miscellaneous: UInt8 = 0
  private var featureControl: UInt8 = 0
  private(set) var sequencer = [UInt8](repeating: 0, count: 8)
  private(set) var graphics = [UInt8](repeating: 0, count: 16)
  private(set) var attributes = [UInt8](repeating: 0, count: 32)
  private(set) var controller = [UInt8](repeating: 0, count: 64)
  private(set) var palette = [UInt8](repeating: 0, count: 768)
  private var sequencerIndex: UInt8 = 0
  private var graphicsIndex: UInt8 = 0
  private var controllerIndex: UInt8 = 0
  private var attributeIndex: UInt8 = 0
  private var expectsAttributeData = false
  private(set) var paletteMask: UInt8 = 0xFF
  private var paletteState: UInt8 = 0
  private var paletteRead = 0
  private var paletteWrite = 0
  /// Retrace, which goes on and off with each look at it.
  private var retrace = false
  /// What the last read of the planes has found in each.
  var latches: [UInt8] = [0, 0, 0, 0]
  private var extensionIndex: UInt16 = 0
  private(set) var extensions: [UInt16] = [0xB0C0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 256]

  /// Whether a port is one of its bytes.
  static func owns(_ port: UInt16) -> Bool {
    (0x3C0...0x3CF).contains(port) || [0x3B4, 0x3B5, 0x3BA, 0x3D4, 0x3D5, 0x3DA].contains(port)
  }

  /// Whether a port is one of the extensions', of 16 bits each.
  static func ownsWord(_ port: UInt16) -> Bool { port == 0x1CE || port == 0x1CF }

  mutating func read(_ port: UInt16) -> UInt8 {
    switch port {
    case 0x3C0: return attributeIndex
    case 0x3C1: return attributes[Int(attributeIndex & 31)]
    case 0x3C2: return 0x10
    case 0x3C4: return sequencerIndex
    case 0x3C5: return sequencer[Int(sequencerIndex & 7)]
    case 0x3C6: return paletteMask
    case 0x3C7: return paletteState
    case 0x3C8: return UInt8(truncatingIfNeeded: paletteWrite / 3)
    case 0x3C9:
      defer { paletteRead = (paletteRead + 1) % 768 }
      return palette[paletteRead]
    case 0x3CA: return featureControl
    case 0x3CC: return miscellaneous
    case 0x3CE: return graphicsIndex
    case 0x3CF: return graphics[Int(graphicsIndex & 15)]
    case 0x3B4, 0x3D4: return controllerIndex
    case 0x3B5, 0x3D5: return controller[Int(controllerIndex & 63)]
    case 0x3BA, 0x3DA:
      expectsAttributeData = false
      retrace.toggle()
      return retrace ? 0x09 : 0x00
    default: return 0xFF
    }
  }

  mutating func write(_ port: UInt16, _ value: UInt8) {
    switch port {
    case 0x3C0:
      if expectsAttributeData { attributes[Int(attributeIndex & 31)] = value } else { attributeIndex = value & 0x3F }
      expectsAttributeData.toggle()
    case 0x3C2: miscellaneous = value
    case 0x3C4: sequencerIndex = value & 7
    case 0x3C5: sequencer[Int(sequencerIndex)] = value
    case 0x3C6: paletteMask = value
    case 0x3C7:
      paletteRead = Int(value) * 3
      paletteState = 3
    case 0x3C8:
      paletteWrite = Int(value) * 3
      paletteState = 0
    case 0x3C9:
      palette[paletteWrite] = value
      paletteWrite = (paletteWrite + 1) % 768
    case 0x3CE: graphicsIndex = value & 15
    case 0x3CF: graphics[Int(graphicsIndex)] = value
    case 0x3B4, 0x3D4: controllerIndex = value & 63
    // CR11 bit 7 protects CR0-CR7, but for the line compare bit.
    case 0x3B5, 0x3D5:
      let index = Int(controllerIndex)
      if index < 8, controller[0x11] & 0x80 != 0 {
        if index == 7 { controller[7] = controller[7] & ~0x10 | value & 0x10 }
      } else {
        controller[index] = value
      }
    case 0x3BA, 0x3DA: featureControl = value
    default: break
    }
  }

  /// Reads a register of the extensions; with GETCAPS on, sizes are the largest there are.
  func readWord(_ port: UInt16) -> UInt16 {
    if port == 0x1CE { return extensionIndex }
    if extensions[4] & 2 != 0 {
      switch extensionIndex {
      case 1: return 2560
      case 2: return 1600
      case 3: return 32
      default: break
      }
    }
    let index = Int(extensionIndex)
    return extensions.indices.contains(index) ? extensions[index] : 0
  }

  mutating func writeWord(_ port: UInt16, _ value: UInt16) {
    if port == 0x1CE {
      extensionIndex = value
      return
    }
    switch extensionIndex {
    case 0: if (0xB0C0...0xB0C5).contains(value) { extensions[0] = value }
    case 4:
      if value & 1 != 0, extensions[4] & 1 == 0 {
        extensions[6] = extensions[1]
        extensions[7] = extensions[2]
        extensions[8] = 0
        extensions[9] = 0
      }
      extensions[4] = value
    case 6:
      // As many lines as the memory has room for.
      extensions[6] = max(value, extensions[1])
      let line = max(Int(extensions[6]) * Int(max(extensions[3], 8) / 8), 1)
      extensions[7] = UInt16(clamping: Self.memorySize / line)
    case 1...9: extensions[Int(extensionIndex)] = value
    default: break
    }
  }

  /// Whether the extensions show the linear frame buffer rather than text.
  var isLinear: Bool { extensions[4] & 1 != 0 }

  /// Whether the palette has 8 bits a channel.
  var hasWidePalette: Bool { extensions[4] & 0x20 != 0 }

  /// Characters of the text screen, and the cell that it begins with.
  var textGrid: (columns: Int, rows: Int, start: Int) {
    (
      Int(controller[1]) + 1, displayLines / (Int(controller[9] & 31) + 1),
      Int(controller[0x0C]) << 8 | Int(controller[0x0D])
    )
  }

  /// Lines that are displayed.
  var displayLines: Int {
    (Int(controller[0x12]) | Int(controller[7] & 2) << 7 | Int(controller[7] & 0x40) << 3) + 1
  }

  /// Lines of the text screen.
  func text(_ memory: PhysicalMemory) -> [String] {
    let grid = textGrid
    return (0..<grid.rows).map { row in
      let line = (0..<grid.columns).map { column -> Character in
        let cell = UInt64((grid.start + row * grid.columns + column) & 0x3FFF)
        return CodePage437.character(memory.read(PhysicalAddress(0xB_8000 + cell * 2), as: UInt8.self))
      }
      return String(line).trimmingTrailingSpaces
    }
  }

  /// Adds all that a guest can see.
  func hash(into hasher: inout StateHasher) {
    let bytes = [
      miscellaneous, featureControl, sequencerIndex, graphicsIndex, controllerIndex, attributeIndex, paletteMask,
      paletteState,
    ]
    for registers in [bytes, sequencer, graphics, attributes, controller, palette, latches] {
      registers.withUnsafeBytes { hasher.add($0) }
    }
    hasher.add(expectsAttributeData)
    hasher.add(retrace)
    hasher.add(UInt64(paletteRead) | UInt64(paletteWrite) << 16 | UInt64(extensionIndex) << 32)
    for value in extensions { hasher.add(UInt64(value)) }
  }
}

/// The characters of an IBM PC's text screen.
enum CodePage437 {
  private static let low = Array(" ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼")
  private static let high = Array(
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀"
      + "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ")

  static func character(_ code: UInt8) -> Character {
    switch code {
    case 0..<0x20: low[Int(code)]
    case 0x7F: "⌂"
    case 0x80...: high.indices.contains(Int(code) - 0x80) ? high[Int(code) - 0x80] : "?"
    default: Character(Unicode.Scalar(code))
    }
  }
}

extension String {
  fileprivate var trimmingTrailingSpaces: String {
    guard let last = lastIndex(where: { $0 != " " }) else { return "" }
    return String(self[...last])
  }
}
