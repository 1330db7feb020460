/** What a Node process costs that imports the module named by its argument, and does nothing with it. */
await import(process.argv[2]);
const { user, system } = process.cpuUsage();
console.log(JSON.stringify({ cpuMs: (user + system) / 1000 }));
