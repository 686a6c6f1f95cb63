import Foundation
import Guests
import Machine

/// What a machine is started with, and the settings that say so.
struct BootSource {
  /// What is loaded.
  let image: BootImage
  /// Its name, for messages.
  let name: String
  /// The settings, by their names in a machine file.
  let settings: [(name: String, texts: [String])]
  /// Files that may have symbols, with their names.
  let files: [(name: String, bytes: [UInt8])]
  /// Drives and the screen, when firmware boots the machine.
  var boot: FirmwareBoot?

  /// A guest that comes with it, with its command line.
  init(guest name: String, append: String? = nil) throws {
    image = .flat(try GuestsCommand.named(name).image, commandLine: append)
    self.name = "guest \(name)"
    settings = [("guest", [name])] + (append.map { [("append", [$0])] } ?? [])
    files = []
  }

  /// A raw ROM.
  init(bios path: String, drives: [(name: String, texts: [String])] = []) throws {
    image = .rom(try ImageFile.read(path, limit: 16 << 20))
    name = path
    settings = [("bios", [path])] + drives
    files = []
  }

  /// Firmware, by default the system's SeaBIOS, and the drives that it boots from.
  init(
    disks: [String], cdrom: String?, bios: String?, videoBIOS: String?, isWritable: Bool = false,
    order: [FirmwareBoot.Medium]? = nil
  ) throws {
    guard disks.count + (cdrom == nil ? 0 : 1) <= 4 else { throw Misuse("four drives are possible") }
    var boot = FirmwareBoot()
    boot.disks = try disks.map { try BootSource.drive($0, "disk", isWritable: isWritable) }
    if let cdrom { boot.cdrom = try BootSource.drive(cdrom, "cdrom", isWritable: false) }
    if let order { boot.order = order }
    boot.videoROM = try ImageFile.read(videoBIOS ?? BootSource.videoFirmware, limit: 1 << 16)
    let drives = [
      ("disk", disks), ("cdrom", cdrom.map { [$0] } ?? []), ("writable", isWritable ? ["true"] : []),
      ("vgabios", videoBIOS.map { [$0] } ?? []),
      ("boot", order.map { [$0.map(\.rawValue).joined(separator: ",")] } ?? []),
    ]
    try self.init(bios: bios ?? BootSource.firmware, drives: drives.filter { !$0.1.isEmpty })
    self.boot = boot
  }

  /// Where Debian's package `seabios` puts them.
  private static let firmware = "/usr/share/seabios/bios-256k.bin"
  private static let videoFirmware = "/usr/share/seabios/vgabios-stdvga.bin"

  private static func drive(_ path: String, _ name: String, isWritable: Bool) throws -> DiskFile {
    guard let file = DiskFile(path: path, isWritable: isWritable) else {
      throw Misuse("\(name): '\(path)' cannot be opened")
    }
    guard file.size >= 512 else { throw Misuse("\(name): '\(path)' has no whole sector") }
    return file
  }

  /// Puts the drives into a machine.
  func prepare(_ options: inout BoardOptions) {
    options.boot = boot
    if boot != nil, options.quantum == BoardOptions.defaultQuantum { options.quantum = FirmwareBoot.quantum }
  }

  /// A Multiboot or flat image.
  ///
  /// - Parameters:
  ///   - modules: files, each with its command line behind a space.
  ///   - room: bytes that a file may have.
  init(kernel path: String, modules: [String], append: String?, room: UInt64) throws {
    name = path
    let bytes = try ImageFile.read(path, limit: room)
    files = [(path, bytes)]
    var settings = [("kernel", [path])]
    if !modules.isEmpty { settings.append(("module", modules)) }
    if let append { settings.append(("append", [append])) }
    self.settings = settings
    guard MultibootImage.isMultiboot(bytes) else {
      guard !ELF.isELF(bytes) else { throw Misuse("\(path): an ELF image without a Multiboot header") }
      guard modules.isEmpty else { throw Misuse("\(path): --module goes with Multiboot images") }
      image = .flat(bytes, commandLine: append)
      return
    }
    let multiboot: MultibootImage
    do { multiboot = try MultibootImage.parse(bytes) } catch { throw Misuse("\(path): \(error)") }
    // Together they must have room, or a list of large ones would fill the host before it is refused.
    var left = room
    image = .multiboot(
      multiboot,
      modules: try modules.map { text in
        let file = text.split(separator: " ", maxSplits: 1).first.map(String.init) ?? text
        let bytes = try ImageFile.read(file, limit: left)
        left -= UInt64(bytes.count)
        return MultibootImage.Module(bytes: bytes, commandLine: text)
      },
      commandLine: ([path] + [append].compactMap(\.self)).joined(separator: " "))
  }
}
