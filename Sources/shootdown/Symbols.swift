import Foundation
import Machine

/// Addresses by name and names by address, from ELF files: those of `--symbols`, then the image, then those that lie
/// beside it (`NAME.elf`, `NAME.rt.elf` beside `NAME.img`).
struct Symbols {
  let files: [(name: String, elf: ELF, base: UInt64?)]

  /// - Parameters:
  ///   - images: what is loaded anyway; what is no ELF file is passed over.
  ///   - paths: files of `--symbols`, each with the address it is loaded at behind a `@`, if that is not the linked one.
  init(images: [(name: String, bytes: [UInt8])], paths: [String]) throws {
    var files: [(name: String, elf: ELF, base: UInt64?)] = []
    for text in paths {
      let (path, base) = try Symbols.split(text)
      do {
        files.append((path, try ELF(try ImageFile.read(path, limit: 1 << 30)), base))
      } catch let failure as ELF.Failure {
        throw Misuse("--symbols: \(path): \(failure)")
      } catch let misuse as Misuse {
        throw Misuse("--symbols: \(misuse)")
      }
    }
    for image in images {
      if let elf = try? ELF(image.bytes) { files.append((image.name, elf, nil)) }
    }
    for path in images.flatMap({ Symbols.beside($0.name) }) {
      if let bytes = try? ImageFile.read(path, limit: 1 << 30), let elf = try? ELF(bytes) {
        files.append((path, elf, nil))
      }
    }
    self.files = files
  }

  /// A file that there is is meant as it stands, `@` or not.
  private static func split(_ text: String) throws -> (path: String, base: UInt64?) {
    guard !FileManager.default.fileExists(atPath: text), let at = text.lastIndex(of: "@") else { return (text, nil) }
    let address = String(text[text.index(after: at)...])
    guard let base = Hexadecimal.number(address) else {
      throw Misuse("--symbols: '\(address)' is no hexadecimal address")
    }
    return (String(text[..<at]), base)
  }

  /// ELF files named like an image, in the order of their names.
  private static func beside(_ image: String) -> [String] {
    let url = URL(fileURLWithPath: image)
    let stem = url.deletingPathExtension().lastPathComponent
    let folder = url.deletingLastPathComponent().path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().filter { $0.hasPrefix(stem + ".") && $0.hasSuffix(".elf") && $0 != url.lastPathComponent }
      .map { folder + "/" + $0 }
  }

  /// Names for addresses; of a damaged file, none.
  var table: SymbolIndex {
    var table = SymbolIndex()
    for file in files { try? table.add(file.elf, at: file.base) }
    return table
  }

  /// The linear address of a symbol; the first file that has it decides.
  func address(of symbol: String) throws -> UInt64 {
    guard !files.isEmpty else {
      throw Misuse(
        "--until: no file has symbols to find '\(symbol)' in; the image is no ELF file: --symbols FILE names one")
    }
    for file in files {
      do {
        if let address = try file.elf.address(ofSymbol: symbol) {
          guard let base = file.base else { return address }
          var table = SymbolIndex()
          try table.add(file.elf, at: base)
          return table.address(of: symbol) ?? address
        }
      } catch {
        throw Misuse("--until: \(file.name): \(error)")
      }
    }
    throw Misuse("--until: there is no symbol '\(symbol)' in \(files.map(\.name).joined(separator: ", "))")
  }
}
