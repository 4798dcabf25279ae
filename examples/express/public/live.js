const state = document.querySelector('#state');
const list = document.querySelector('#events');
const source = new EventSource('/events');

source.addEventListener('open', () => (state.textContent = 'open'));
source.addEventListener('error', () => (state.textContent = 'reconnecting'));
source.addEventListener('tick', (event) => {
  const { id, time } = JSON.parse(event.data);
  const item = document.createElement('li');
  item.value = id;
  item.textContent = new Date(time).toLocaleTimeString();
  list.prepend(item);
  while (list.children.length > 20) list.lastElementChild.remove();
});
