// swift-tools-version: 6.2
// The rooms of the house and who may import whom: docs/design.md, "The rooms".
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
/// The C interface of the very SQLite that GRDB links.
let sqlite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")

/// One room: a library target under `Sources/NAME`.
func room(_ name: String, _ imports: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: imports, swiftSettings: strict)
}

/// The tests of one room, under `Tests/NAME`.
func tests(_ name: String, _ imports: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(
        name: name, dependencies: imports, path: "Tests/\(name)", resources: resources,
        swiftSettings: strict)
}

/// MuPDF's archive and what it needs, in the order the linker wants them; its pkg-config file is
/// wrong.
///
/// Archives throughout: a worker lives for one document, and each shared library costs it a tenth
/// of a millisecond.
let mupdfLibraries = [
    "mupdf", "mupdf-third", ":libmujs.a", ":libgumbo.a", ":libfreetype.a", ":libopenjp2.a",
    ":libjbig2dec.a", ":libjpeg.a", ":libpng16.a", ":libbrotlidec.a", ":libbrotlicommon.a",
    ":libz.a", "m",
]

/// How the two programs are linked: docs/decisions/0021-linker.md.
let compact: [LinkerSetting] = [
    .unsafeFlags([
        "-use-ld=lld", "-Xlinker", "--no-export-dynamic", "-Xlinker", "-z", "-Xlinker",
        "pack-relative-relocs",
    ])
]

let package = Package(
    name: "ingestd",
    products: [
        .executable(name: "ingestd", targets: ["ingestd"]),
        .executable(name: "ingest-worker", targets: ["ingest-worker"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // Pure rooms.
        room("Rules"),
        room("CSV"),
        room("WorkerProtocol", ["Rules"]),

        // The daemon's rooms.
        .target(name: "CLinux"),
        room("Inbox", ["Rules", "CLinux", system]),
        room("Intake", ["Rules", "Inbox", "CLinux", system]),
        room("Store", ["Rules", "CLinux", system, crypto]),
        room("Catalog", ["Rules", grdb, sqlite]),
        room("Imports", ["Rules", "WorkerProtocol", "CLinux", crypto, grdb, sqlite]),
        room("Workers", ["Rules", "WorkerProtocol", "CLinux", system]),
        room("Publish", ["Rules", "Inbox", "CLinux", system]),
        // Debian has no archive of libqrencode, and a daemon is not started for each document.
        .target(
            name: "CCodes",
            linkerSettings: [.linkedLibrary("qrencode"), .linkedLibrary(":libz.a")]),
        room("Codes", ["Rules", "CCodes"]),
        room(
            "Pipeline",
            [
                "Rules", "WorkerProtocol", "Inbox", "Intake", "Store", "Catalog", "Imports",
                "Workers", "Publish", "Codes", system,
            ]),
        .executableTarget(
            name: "ingestd",
            dependencies: [
                "Rules", "Inbox", "Intake", "Catalog", "Imports", "Workers", "Publish", "Pipeline",
                "CLinux", system,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict, linkerSettings: compact),

        // The worker's rooms.
        .systemLibrary(
            name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .target(
            name: "CMuPDF",
            linkerSettings: mupdfLibraries.map { .linkedLibrary($0) }),
        .target(
            name: "CWorkbook",
            linkerSettings: [.linkedLibrary(":libexpat.a"), .linkedLibrary(":libz.a")]),
        room("Workbook", ["CSV", "CWorkbook"]),
        room("Stages", ["Rules", "CSV", "Workbook", "WorkerProtocol", "CMuPDF"]),
        room("Confinement", ["CLinux", "CSeccomp"]),
        .executableTarget(
            name: "ingest-worker",
            dependencies: ["Stages", "WorkerProtocol", "Rules", "Confinement", "CLinux"],
            swiftSettings: strict, linkerSettings: compact),

        // Programs that only tests start.
        .executableTarget(
            name: "MisbehavingWorker", dependencies: ["Rules", "WorkerProtocol", "CLinux"],
            path: "Tests/MisbehavingWorker", swiftSettings: strict),
        .executableTarget(
            name: "ConfinementProbe", dependencies: ["Confinement", "CLinux", "CSeccomp"],
            path: "Tests/ConfinementProbe", swiftSettings: strict),
        .executableTarget(
            name: "MortalDaemon",
            dependencies: ["Pipeline", "Rules", "Workers", "TestSupport", system],
            path: "Tests/MortalDaemon", swiftSettings: strict),

        // A program that only the benchmarks start.
        .executableTarget(
            name: "ReadingBench", dependencies: ["CSV", "Rules", "Stages", "WorkerProtocol"],
            path: "Benchmarks/Reading", swiftSettings: strict),

        // A folder of tests for each room, and two for the whole.
        tests("RulesTests", ["Rules", "TestSupport"]),
        tests("CSVTests", ["CSV"]),
        tests("CodesTests", ["Codes", "TestSupport"]),
        tests("WorkbookTests", ["Workbook", "CSV", "CWorkbook"]),
        tests("WorkerProtocolTests", ["WorkerProtocol", "Rules", "TestSupport"]),
        .target(
            name: "TestSupport", dependencies: ["Rules", system], path: "Tests/TestSupport",
            swiftSettings: strict),
        tests("InboxTests", ["Inbox", "Rules", "TestSupport", system]),
        tests("IntakeTests", ["Intake", "Inbox", "Rules", "TestSupport", system]),
        tests("StoreTests", ["Store", "Rules", system]),
        tests("CatalogTests", ["Catalog", "Rules", grdb]),
        tests("ImportsTests", ["Imports", "WorkerProtocol", "Rules", "TestSupport", grdb]),
        tests(
            "WorkersTests",
            [
                "Workers", "Rules", "WorkerProtocol", "MisbehavingWorker", "CLinux", "TestSupport",
                system,
            ]),
        tests("PublishTests", ["Publish", "Inbox", "Rules", system]),
        tests(
            "PipelineTests",
            [
                "Pipeline", "Catalog", "Imports", "Inbox", "Intake", "Publish", "Store", "Rules",
                "TestSupport", system,
            ]),
        tests("StagesTests", ["Stages", "Rules", "Workbook", "WorkerProtocol", "TestSupport"]),
        tests(
            "WorkerTests",
            [
                "ingest-worker", "ConfinementProbe", "Confinement", "CLinux", "Rules",
                "WorkerProtocol",
            ]),
        tests(
            "ConfigurationTests",
            [
                "ingestd", "Rules", "TestSupport", system,
                .product(name: "Logging", package: "swift-log"),
            ]),
        tests(
            "FlowTests",
            [
                "ingestd", "ingest-worker", "MisbehavingWorker", "MortalDaemon", "CLinux", "Rules",
                grdb,
            ]),
        tests("TidyTests", ["Rules"]),
    ],
    swiftLanguageModes: [.v6]
)
