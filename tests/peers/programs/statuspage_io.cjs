// Reads the whole page with the npm client "statuspage.io" and prints what it was given.
const { Statuspage } = require("statuspage.io");

async function main() {
  const client = new Statuspage("any");
  client.setApiUrl(process.env.ADDRESS);
  const { api } = client;
  const read = {
    status: await api.getStatus(),
    summary: await api.getSummary(),
    components: await api.getComponents(),
    incidents: await api.incidents.getAll(),
    unresolved: await api.incidents.getUnresolved(),
    works: await api.scheduledMaintenances.getAll(),
    upcoming: await api.scheduledMaintenances.getUpcoming(),
    active: await api.scheduledMaintenances.getActive(),
  };
  process.stdout.write(JSON.stringify(read));
}

main().catch((wrong) => {
  console.error(wrong);
  process.exit(1);
});
