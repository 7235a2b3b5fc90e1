"""What is said in French about what is sealed and signed."""

from typing import Final

AFTER: Final = "La position après laquelle lire : `next` de la réponse précédente, 0 pour commencer."
LIMIT: Final = "Nombre d'écritures, 200 au plus ; une page s'arrête aussi vers 4 Mo, après une écriture au moins."
SIZE: Final = (
    "Combien d'écritures compte l'arbre dont il s'agit ; par défaut, celui du dernier point de contrôle, qui est signé."
)
FROM_SIZE: Final = "La taille du point de contrôle déjà connu."
TO_SIZE: Final = "La taille du plus récent ; par défaut, celle du dernier."
OF_A_FAMILY: Final = (
    "La page de la ligne. Un portail sans utilisateur ne lit d'une ligne de famille que sa position et son empreinte :"
    " le reste est nul."
)
STORED: Final = (
    "L'écriture telle qu'elle est conservée, en JSON : c'est ce texte, octet pour octet, qui est haché et scellé."
)
POSITION: Final = "Sa place dans le registre scellé, à partir de 1, sans trou : la feuille de rang `position - 1`."
NOTE: Final = "Le point de contrôle lui-même : une note signée, à la forme C2SP tlog-checkpoint."
KEY: Final = "La clé publique qui vérifie la signature, à la forme des notes signées."
PROOF: Final = "Les empreintes, en base64, de la feuille vers la racine (RFC 9162, section 2.1)."
